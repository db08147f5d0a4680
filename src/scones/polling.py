"""Waiting with a deadline."""

import time
from collections.abc import Iterator


def poll(timeout_s: float, interval_s: float = 1.0) -> Iterator[float]:
    """Yield the seconds waited, pausing between, until the deadline has passed; the caller says what it waited for."""
    began = time.monotonic()
    while (waited := time.monotonic() - began) < timeout_s:
        yield waited
        time.sleep(interval_s)
