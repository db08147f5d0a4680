"""A sandbox for the tests of a file, and folders for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.safety.sandbox.host import Host

from safety.sandbox import Sandbox

NICENESS = 3


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox.open()
    if not sandbox.availability:
        pytest.skip(str(sandbox.availability))
    yield sandbox
    sandbox.close()


@pytest.fixture
def host(sandbox: Sandbox, tmp_path: Path) -> Host:
    return Host(sandbox, tmp_path)


@pytest.fixture(scope="module")
def low_sandbox() -> Iterator[Sandbox]:
    """Open a sandbox whose programs come after this process."""
    sandbox = Sandbox.open(niceness=NICENESS)
    if not sandbox.availability:
        pytest.skip(str(sandbox.availability))
    yield sandbox
    sandbox.close()


@pytest.fixture
def low_host(low_sandbox: Sandbox, tmp_path: Path) -> Host:
    return Host(low_sandbox, tmp_path)
