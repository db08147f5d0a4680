"""The wait for a condition that tests share."""

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

Value = TypeVar("Value")
DEADLINE_S = 300.0  # generous: tests must hold on a machine with ten times its load
POLL_S = 0.02


def until(condition: Callable[[], Value | None], what: str, timeout_s: float = DEADLINE_S) -> Value:
    """Return the first true value of `condition`; fail with the name of what was awaited if there is none in time."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {timeout_s:g} s for {what}")
        time.sleep(POLL_S)
    return value
