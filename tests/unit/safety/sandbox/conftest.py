"""A sandbox for the tests of a file, and folders for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.safety.sandbox.host import Host

from safety.sandbox import Sandbox

NICENESS = 3


def opened(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Skip the tests where the sandbox is not available, and close it after them."""
    if not sandbox.availability:
        pytest.skip(str(sandbox.availability))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    yield from opened(Sandbox.open())


@pytest.fixture
def host(sandbox: Sandbox, tmp_path: Path) -> Host:
    return Host(sandbox, tmp_path)


@pytest.fixture(scope="module")
def low_sandbox() -> Iterator[Sandbox]:
    """Open a sandbox whose programs come after this process."""
    yield from opened(Sandbox.open(niceness=NICENESS))


@pytest.fixture
def low_host(low_sandbox: Sandbox, tmp_path: Path) -> Host:
    return Host(low_sandbox, tmp_path)
