"""Timers by the thousand, for which one thread is enough."""

import heapq
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LOG = logging.getLogger(__name__)


@dataclass(order=True)
class Call:
    due: float
    """By `time.monotonic()`."""
    function: Callable[..., Any] | None = field(compare=False)
    """None: not any more."""


class Clock:
    """Calls functions when they are due, each in a thread of its own, since they may take their time."""

    def __init__(self) -> None:
        self._calls: list[Call] = []
        self._cancelled = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="clock", daemon=True).start()

    def __len__(self) -> int:
        return len(self._calls)

    def call(self, delay_s: float, function: Callable[..., Any]) -> Call:
        call = Call(time.monotonic() + delay_s, function)
        with self._changed:
            heapq.heappush(self._calls, call)
            if self._calls[0] is call:
                self._changed.notify()
        return call

    def cancel(self, call: Call) -> None:
        """Forgets what would be called at once, and the rest of it when there is much of the kind."""
        with self._changed:
            if call.function is None:
                return
            call.function = None
            self._cancelled += 1
            if self._cancelled > len(self._calls) / 2:
                self._calls = [call for call in self._calls if call.function is not None]
                heapq.heapify(self._calls)
                self._cancelled = 0

    def _run(self) -> None:
        while True:
            function = self._next_due()
            try:
                threading.Thread(target=function, name="clock-call", daemon=True).start()
            except RuntimeError as error:  # no more threads; what is due later is called all the same
                LOG.error("Unable to call %s: %s", function, error)

    def _next_due(self) -> Callable[..., Any]:
        with self._changed:
            while True:
                delay_s = self._calls[0].due - time.monotonic() if self._calls else None
                if delay_s is None or delay_s > 0:
                    self._changed.wait(delay_s)
                    continue
                call = heapq.heappop(self._calls)
                function, call.function = call.function, None
                if function is not None:
                    return function
                self._cancelled -= 1
