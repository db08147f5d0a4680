"""Waiting with a deadline."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
POLL_S = 0.1


def poll(ask: Callable[[], Answer | None], timeout_s: float, describe: Callable[[], str]) -> Answer:
    """Call `ask` until its answer is not None. Raises TimeoutError, with the description, after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while (answer := ask()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{describe()} after {timeout_s:.0f} s")
        time.sleep(POLL_S)
    return answer
