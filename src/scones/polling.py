"""Waiting with a deadline."""

import time
from collections.abc import Callable, Iterator

FIRST_PAUSE_S = 0.1
PAUSES_PER_WAIT = 4


def poll(
    timeout_s: float,
    interval_s: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Iterator[float]:
    """Yield the seconds waited so far, with a pause between, until the deadline passes.

    Each pause is a quarter of the seconds waited so far, up to the interval, so the first ones are short: on the local
    AWS most things take less than a second.
    The iterator then ends without an error: the caller raises one that says what it waited for.
    """
    began = clock()
    while (waited := clock() - began) < timeout_s:
        yield waited
        sleep(min(interval_s, max(FIRST_PAUSE_S, waited / PAUSES_PER_WAIT)))
