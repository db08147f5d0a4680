"""Functions come after LocalStack, in a sandbox and without one."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack_plugin.lambda_executor.process import start
from localstack_plugin.lambda_executor.process.folders import folders_of
from safety.sandbox import Sandbox

MOST_NICENESS = 19


@pytest.fixture(params=["in a sandbox", "without a sandbox"])
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    in_sandbox = request.param == "in a sandbox"
    sandbox = start.sandbox.__wrapped__() if in_sandbox else Sandbox.unavailable("a test")
    if in_sandbox and not sandbox.availability:
        pytest.skip(str(sandbox.availability))
    yield sandbox
    sandbox.close()


@pytest.fixture
def function(sandbox: Sandbox, tmp_path: Path) -> Iterator[start.Process]:
    for name in ("code", "runtime"):
        (tmp_path / name).mkdir()
    folders = folders_of(tmp_path, tmp_path / "code", None, tmp_path / "runtime")
    variables = {"PATH": os.environ["PATH"]}
    ours, theirs = socket.socketpair()
    with ours, theirs, Path(os.devnull).open("wb") as output:
        process = start.start(sandbox, ["sleep", "600"], folders, variables, output.fileno(), theirs.fileno(), ())
    yield process
    start.end(process)


def test_a_function_has_less_weight_than_localstack(function: start.Process) -> None:
    expected = min(os.getpriority(os.PRIO_PROCESS, 0) + start.NICENESS, MOST_NICENESS)
    assert os.getpriority(os.PRIO_PROCESS, function.pid) == expected


def test_its_scheduling_group_has_less_weight_than_localstacks(function: start.Process) -> None:
    group = Path(f"/proc/{function.pid}/autogroup")
    if not group.exists() or os.geteuid() != 0:
        pytest.skip("only Linux has autogroups, and only root can be sure to write one")
    assert group.read_text().endswith(f"nice {start.NICENESS}\n")
