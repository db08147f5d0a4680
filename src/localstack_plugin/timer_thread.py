"""One thread for any number of timers."""

import heapq
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

LOG = logging.getLogger(__name__)


@dataclass(order=True)
class Timer:
    due: float
    """By `time.monotonic()`."""
    callback: Callable[..., Any] | None = field(compare=False)
    """None once it was called or cancelled."""


class TimerThread:
    """Calls each callback when it is due, in a thread of its own, because a callback may be slow.

    The timers are a heap by due time. A cancelled timer stays in it without a callback until it is due, or until half
    of the heap is cancelled.
    """

    def __init__(self) -> None:
        self._timers: list[Timer] = []
        self._cancelled = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="timers", daemon=True).start()

    def __len__(self) -> int:
        return len(self._timers)

    def start(self, delay_s: float, callback: Callable[..., Any]) -> Timer:
        timer = Timer(time.monotonic() + delay_s, callback)
        with self._changed:
            heapq.heappush(self._timers, timer)
            if self._timers[0] is timer:
                self._changed.notify()
        return timer

    def cancel(self, timer: Timer) -> None:
        """Drop the callback now; compact the heap once most of its timers are cancelled."""
        with self._changed:
            if timer.callback is None:
                return
            timer.callback = None
            self._cancelled += 1
            if self._cancelled > len(self._timers) / 2:
                self._timers = [timer for timer in self._timers if timer.callback is not None]
                heapq.heapify(self._timers)
                self._cancelled = 0

    def _run(self) -> None:
        while True:
            callback = self._next_due()
            try:
                threading.Thread(target=callback, name="timer", daemon=True).start()
            except RuntimeError as error:  # the system has no more threads: later timers must still be called
                LOG.error("Unable to call %s: %s", callback, error)

    def _next_due(self) -> Callable[..., Any]:
        with self._changed:
            while True:
                delay_s = self._timers[0].due - time.monotonic() if self._timers else None
                if delay_s is None or delay_s > 0:
                    self._changed.wait(delay_s)
                    continue
                timer = heapq.heappop(self._timers)
                callback, timer.callback = timer.callback, None
                if callback is not None:
                    return callback
                self._cancelled -= 1
