"""The tests' own local cloud, which they attack, and the search for the harm that was done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from tests.attacks.tally import Tally
from tests.attacks.victim import Cloud

from local_cloud.aws_environment import write_config
from local_cloud.cloud import LocalCloud
from local_cloud.ports import free_port
from local_cloud.servers import servers
from local_cloud.settings import Settings
from local_cloud.terminal.progress import Progress

START_TIMEOUT_S = 600.0  # generous: the servers need 8 s on an idle machine
TALLY = pytest.StashKey[Tally]()


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    with TemporaryDirectory(prefix="attacked-") as folder:
        Path(folder).chmod(0o755)  # only the state folder itself may stop another user
        yield from _cloud_in(Path(folder) / "state")


def _cloud_in(state_dir: Path) -> Iterator[Cloud]:
    settings = Settings(state_dir=state_dir, localstack_port=free_port(), sagemaker_port=free_port())
    write_config(settings)
    local_cloud = LocalCloud(servers(settings), settings.state_dir, Progress(), START_TIMEOUT_S)
    local_cloud.up()
    try:
        victim = Cloud(settings)
        victim.prepare()
        yield victim
    finally:
        local_cloud.down()


@pytest.fixture(scope="session")
def tally(request: pytest.FixtureRequest) -> Tally:
    return request.config.stash.setdefault(TALLY, Tally())


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the attacks that were tried and those that got through."""
    for line in config.stash.get(TALLY, Tally()).lines():
        terminalreporter.write_line(line)
