"""One emulator for the tests of a file. Its scaling takes a quarter of a second for a minute."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.contract.scaling.variants import MINUTE_S


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory, serve_with: Any) -> Iterator[Any]:
    with serve_with(tmp_path_factory.mktemp("state"), scaling_minute_s=MINUTE_S) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def scaling(emulator: Any) -> Any:
    return emulator.client("application-autoscaling")
