"""LocalStack ends an idle execution environment with a timer, which is a thread, made anew after every invocation. Such
a thread could hold up the server's own end for minutes, too. Here one thread looks after all of them."""

from collections.abc import Callable
from functools import cache
from typing import Any

from localstack.services.lambda_.invocation import execution_environment

from localstack_plugin.lambda_executor.warm_environments.timer_thread import Call, Clock
from localstack_plugin.replacing import replace


@cache
def clock() -> Clock:
    return Clock()


class SharedTimer:
    """As much of `threading.Timer` as LocalStack uses."""

    def __init__(self, interval_s: float, function: Callable[..., Any]) -> None:
        self._interval_s, self._function = interval_s, function
        self._call: Call | None = None

    def start(self) -> None:
        self._call = clock().call(self._interval_s, self._function)

    def cancel(self) -> None:
        if self._call is not None:
            clock().cancel(self._call)


def install() -> None:
    replace(execution_environment, "Timer", SharedTimer)
