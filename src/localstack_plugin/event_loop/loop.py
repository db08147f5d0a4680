"""The thread, and the greenlets that it runs in turn."""

from __future__ import annotations

import heapq
import itertools
import logging
import selectors
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from greenlet import getcurrent, greenlet

COMPACTED = 1024
"""Timers of ended waits are kept until they are due, or until there are this many and they are half of all."""
TURN_S = 0.001
"""How long a greenlet may run before others do."""
SWITCH_INTERVAL_S = 0.001
"""How long other threads that compute may keep Python's lock. The loop's thread lets go of it with each system call:
with Python's 5 ms, one such thread makes a turn for a hundred sockets last for seconds."""

CREATION = threading.Lock()
_loop: Loop | None = None

Call = Callable[[], object]
log = logging.getLogger(__name__)


class Worker(greenlet):
    """A greenlet of the loop."""


class Wait:
    """One wait of the greenlet that makes it. The first end counts: being woken, a file that is ready, or the time."""

    __slots__ = ("_greenlet", "_loop", "has_begun", "has_timed_out", "is_over")

    def __init__(self, loop: Loop) -> None:
        self._loop, self._greenlet = loop, getcurrent()
        self.has_begun = self.is_over = self.has_timed_out = False

    def wait(self, timeout_s: float | None = None) -> bool:
        """Let others run until the end of the wait. Return False if the time was up first."""
        return self._loop.wait(self, timeout_s)

    def wake(self) -> None:
        """End the wait. Any thread may call this, before the wait, too."""
        self._loop.soon(self.end)

    def end(self) -> None:
        """End the wait, in the loop's thread."""
        if self.is_over:
            return
        self.is_over = True
        if self.has_begun:  # otherwise the greenlet runs, or waits for something else first
            self._greenlet.switch()

    def time_out(self) -> None:
        self.has_timed_out = not self.is_over
        self.end()


class Loop:
    """A thread that runs greenlets in turn. Any thread may call `run` and `soon`; only greenlets wait."""

    def __init__(self) -> None:
        self._ready: deque[Call] = deque()
        self._selector = selectors.DefaultSelector()
        self._bell, self._woken = socket.socketpair()
        self._is_idle = False
        """Whether the thread looks at files only, so that the bell must wake it."""
        self._timers: list[tuple[float, int, Wait]] = []
        """A heap by time (`time.monotonic`)."""
        self._numbers = itertools.count()
        self._over = 0
        """At least the number of waits in the heap that have ended."""
        self._turn_began = 0.0
        self._main: greenlet
        for end in (self._bell, self._woken):
            end.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        threading.Thread(target=self._run, name="event-loop", daemon=True).start()

    def run(self, call: Call) -> None:
        """Run a call in a greenlet. Any thread may call this."""
        self.soon(lambda: Worker(lambda: _guarded(call)).switch())

    def soon(self, call: Call) -> None:
        """Make a call in the loop's thread. It must not wait."""
        self._ready.append(call)
        if self._is_idle:
            self._is_idle = False
            with suppress(BlockingIOError):  # enough rings are waiting to be heard
                self._bell.send(b"\0")

    def wait(self, wait: Wait, timeout_s: float | None = None) -> bool:
        if wait.is_over:
            return True
        wait.has_begun = True
        if timeout_s is not None:
            heapq.heappush(self._timers, (time.monotonic() + timeout_s, next(self._numbers), wait))
        self._main.switch()
        if timeout_s is not None and not wait.has_timed_out:
            self._drop_a_timer()
        return not wait.has_timed_out

    def is_turn_over(self) -> bool:
        """Return whether the greenlet that runs should let others run."""
        return time.monotonic() - self._turn_began >= TURN_S

    def wait_for_file(self, file: socket.socket, events: int, timeout_s: float | None) -> bool:
        """Let other greenlets run until the file is ready. Return False if the time was up first."""
        wait = Wait(self)
        self._selector.register(file, events, wait)
        try:
            return self.wait(wait, timeout_s)
        finally:
            self._selector.unregister(file)

    def _run(self) -> None:
        self._main = getcurrent()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        while True:
            for _ in range(len(self._ready)):
                self._turn_began = time.monotonic()
                self._ready.popleft()()
            self._is_idle = True  # before the look at `_ready`: `soon` looks in the other order
            found = self._selector.select(0 if self._ready else self._seconds_to_timer())
            self._is_idle = False
            for key, _ in found:
                if key.data is None:
                    self._listen_to_bell()
                else:
                    self._ready.append(key.data.end)
            self._add_due()

    def _listen_to_bell(self) -> None:
        with suppress(BlockingIOError):
            self._woken.recv(4096)

    def _seconds_to_timer(self) -> float | None:
        return max(self._timers[0][0] - time.monotonic(), 0) if self._timers else None

    def _add_due(self) -> None:
        now = time.monotonic()
        while self._timers and self._timers[0][0] <= now:
            wait = heapq.heappop(self._timers)[2]
            if wait.is_over:
                self._over -= 1
            else:
                self._ready.append(wait.time_out)

    def _drop_a_timer(self) -> None:
        self._over += 1
        if self._over >= COMPACTED and self._over > len(self._timers) / 2:
            self._timers = [timer for timer in self._timers if not timer[2].is_over]
            heapq.heapify(self._timers)
            self._over = 0


def _guarded(call: Call) -> None:
    try:
        call()
    except BaseException:  # the edge of a greenlet: beyond it, the loop would end
        log.exception("a greenlet of the event loop has failed")


def event_loop() -> Loop:
    """Return the only loop, also to threads that ask for it at the same time."""
    global _loop  # not `cache`, which would cost every wait a call more, or let two threads make one each
    if _loop is None:
        with CREATION:
            _loop = _loop or Loop()
    return _loop


def is_on_loop() -> bool:
    """Return whether the caller is a greenlet of the loop."""
    return isinstance(getcurrent(), Worker)
