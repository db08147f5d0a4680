"""Timers that end idle execution environments."""

from collections.abc import Callable
from functools import cache
from typing import Any

from localstack_plugin.replacing import replace
from localstack_plugin.timer_thread import Timer, TimerThread


def install() -> None:
    replace(
        "localstack.services.lambda_.invocation.execution_environment:Timer",
        by=SharedTimer,
        why="LocalStack starts a `threading.Timer`, which is a thread, after every invocation. Such threads can delay "
        "the end of the server by minutes. One thread serves all timers.",
    )


@cache
def timer_thread() -> TimerThread:
    return TimerThread()


class SharedTimer:
    """The part of `threading.Timer` that LocalStack uses."""

    def __init__(self, interval_s: float, function: Callable[..., Any]) -> None:
        self._interval_s, self._function = interval_s, function
        self._timer: Timer | None = None

    def start(self) -> None:
        self._timer = timer_thread().start(self._interval_s, self._function)

    def cancel(self) -> None:
        if self._timer is not None:
            timer_thread().cancel(self._timer)
