"""Waiting with a deadline."""

import time
from collections.abc import Callable, Iterator


def poll(
    timeout_s: float,
    interval_s: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[float]:
    """Yield the seconds waited so far, with a pause between, until the deadline passes.

    The iterator then ends without an error: the caller raises one that says what it waited for.
    """
    began = clock()
    while (waited := clock() - began) < timeout_s:
        yield waited
        sleep(interval_s)
