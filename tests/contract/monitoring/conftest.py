"""One emulator for the tests of a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.monitoring.monitor import (
    Clock,
    Monitor,
    capturing,
)


@pytest.fixture(scope="module")
def monitor(
    tmp_path_factory: pytest.TempPathFactory, serve_with_clock: Any, make_hosting: Any, s3: Any, until: Any
) -> Iterator[Monitor]:
    clock = Clock()
    with serve_with_clock(tmp_path_factory.mktemp("monitoring"), clock) as emulator:
        client = emulator.client("sagemaker")
        capturing(make_hosting(client, s3))
        yield Monitor(emulator, client, s3, until, clock)
