"""Calls in greenlets of the event loop, whose outcomes a test can wait for."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from localstack_plugin.event_loop.loop import Wait, event_loop

DEADLINE_S = 60.0
LONG_S = 1000.0
"""A time-out that no test sees the end of."""

Result = TypeVar("Result")


def start(call: Callable[[], Result]) -> Future[Result]:
    """Run a call in a greenlet, after those that were started before."""
    outcome: Future[Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - the test raises it
            outcome.set_exception(error)

    event_loop().run(run)
    return outcome


def on_loop(call: Callable[[], Result]) -> Result:
    """Return what a call returns in a greenlet. A test must not wait for ever."""
    return start(call).result(DEADLINE_S)


def new_wait() -> Wait:
    return Wait(event_loop())
