"""Mistakes of newcomers with the local AWS: each ends with an error that says what is wrong and what to do."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from command_line.cli import run
from local_cloud.ports import free_port

from .conftest import occupied_port

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Mistake:
    """A command line with its environment, and parts of the answer. `{taken}` and `{other}` are ports in use."""

    name: str
    command: str
    answer: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    exit_code: int = 1


LOCALSTACK, SAGEMAKER, STATE = "SCONES_LOCALSTACK_PORT", "SCONES_SAGEMAKER_PORT", "SCONES_STATE_DIR"
MISTAKES = (
    Mistake(
        "LocalStack's port in use",
        "up",
        ("port {taken}, which localstack needs, is in use by pid {pid}", "export SCONES_LOCALSTACK_PORT="),
        {LOCALSTACK: "{taken}"},
    ),
    Mistake(
        "the emulator's port in use",
        "up",
        ("port {taken}, which sagemaker needs, is in use by pid {pid}", "export SCONES_SAGEMAKER_PORT="),
        {SAGEMAKER: "{taken}"},
    ),
    Mistake(
        "both ports in use",
        "up",
        (
            "port {taken}, which localstack",
            "port {other}, which sagemaker",
            "export SCONES_SAGEMAKER_PORT=",
            LOCALSTACK,
        ),
        {LOCALSTACK: "{taken}", SAGEMAKER: "{other}"},
    ),
    Mistake(
        "one port for both", "up", ("each server needs a port of its own",), {LOCALSTACK: "4570", SAGEMAKER: "4570"}
    ),
    Mistake("port in words", "up", (f"{LOCALSTACK} is 'any'", "from 1024 to 65535"), {LOCALSTACK: "any"}),
    Mistake("port of root", "up", (f"{LOCALSTACK} is '80'", "from 1024 to 65535"), {LOCALSTACK: "80"}),
    Mistake("no time to start", "up", ("'0'", "a number of seconds above 0"), {"SCONES_START_TIMEOUT_S": "0"}),
    Mistake("host with a scheme", "up", ("'http://x'", "a list of host names"), {"SCONES_ALLOWED_HOSTS": "http://x"}),
    Mistake(
        "state folder that is a file", "up", ("cannot be made (File exists)", f"Set {STATE}"), {STATE: "{tmp}/file"}
    ),
    Mistake("state folder nowhere", "up", ("cannot be made", f"Set {STATE}"), {STATE: "/proc/nowhere"}),
    Mistake("step before up", "train", ("the local cloud is not up", "Run: scones up")),
    Mistake("command before up", "exec aws s3 ls", ("the local cloud is not up", "Run: scones up")),
    Mistake("misspelt command", "trian", ("No such command 'trian'", "Did you mean 'train'?"), exit_code=2),
    Mistake("another's command", "start", ("No such command 'start'", "scones --help"), exit_code=2),
    Mistake("unknown shell", "completion powershell", ("'bash', 'zsh', 'fish'",), exit_code=2),
    Mistake("word too many", "down now", ("unexpected extra argument (now)", "scones down --help"), exit_code=2),
    Mistake("nothing to execute", "exec --start", ("Missing argument 'COMMAND...'", "--help"), exit_code=2),
)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return the values of a mistake's places: two ports that this process has, and a folder with a file."""
    (tmp_path / "file").touch()
    with occupied_port() as one, occupied_port() as two:
        yield {"taken": str(one), "other": str(two), "pid": str(os.getpid()), "tmp": str(tmp_path)}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_answered(
    mistake: Mistake, places: dict[str, str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "SCONES_"))]:
        monkeypatch.delenv(name)
    ports = {LOCALSTACK: str(free_port()), SAGEMAKER: str(free_port())}
    variables = {**ports, STATE: f"{places['tmp']}/state"} | mistake.environment
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(**places))
    assert run(mistake.command.split()) == mistake.exit_code
    captured = capfd.readouterr()
    output = captured.out + captured.err
    assert [part for part in mistake.answer if part.format(**places) not in output] == [], output
    assert "Traceback" not in output


def test_an_old_python_is_named_with_the_version_that_is_needed(tmp_path: Path) -> None:
    program = "import sys; sys.version_info, sys.version = (3, 9, 1), '3.9.1 of long ago'; exec(sys.argv[1])"
    (tmp_path / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} -c "{program}" "$2"\n')
    (tmp_path / "python3").chmod(0o755)
    shutil.copy(ROOT / "Makefile", tmp_path)
    ended = subprocess.run(
        ["make", "--no-print-directory", "setup"],
        cwd=tmp_path,
        env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert "python3 is 3.9.1: it must be 3.11 or newer" in ended.stderr


def test_a_full_disk_is_an_error_that_says_what_to_free(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from local_cloud.execution import with_errors_reported

    def full() -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    assert with_errors_reported(full) == 1
    assert f"{tmp_path}: No space left on device. Free some space, or set {STATE}" in capsys.readouterr().err
