"""LocalStack ends an idle execution environment with a timer, which is a thread, made anew after every invocation. Such
a thread could hold up the server's own end for minutes, too. Here one thread looks after all of them."""

import heapq
import threading
import time
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

from localstack.services.lambda_.invocation import execution_environment

from localstack_plugin.replacing import replace


class SharedTimer:
    """As `threading.Timer`; what it calls is called in a thread of its own, since it may take its time."""

    def __init__(self, interval_s: float, function: Callable[..., Any]) -> None:
        self._interval_s, self._function = interval_s, function
        self._is_cancelled = False

    def start(self) -> None:
        clock().call(time.monotonic() + self._interval_s, self._expired)

    def cancel(self) -> None:
        self._is_cancelled = True

    def _expired(self) -> None:
        if not self._is_cancelled:
            threading.Thread(target=self._function, name="keep-alive-passed", daemon=True).start()


class Clock:
    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="keep-alive", daemon=True).start()

    def call(self, at: float, function: Callable[[], None]) -> None:
        with self._changed:
            heapq.heappush(self._due, (at, next(self._numbers), function))
            if self._due[0][0] == at:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._due or (remaining_s := self._due[0][0] - time.monotonic()) > 0:
                    self._changed.wait(remaining_s if self._due else None)
                _, _, function = heapq.heappop(self._due)
            function()


@cache
def clock() -> Clock:
    return Clock()


def install() -> None:
    replace(execution_environment, "Timer", SharedTimer)
