"""Waiting with a deadline."""

import time
from collections.abc import Iterator


def poll(timeout_s: float, interval_s: float = 1.0) -> Iterator[float]:
    """Yield the seconds waited so far, with a pause between, until the deadline passes.

    The iterator then ends without an error: the caller raises one that says what it waited for.
    """
    began = time.monotonic()
    while (waited := time.monotonic() - began) < timeout_s:
        yield waited
        time.sleep(interval_s)
