"""Waits for code that may run in a greenlet of the event loop or in a thread of its own."""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import cache
from queue import SimpleQueue
from typing import Protocol, TypeVar

from localstack_plugin.event_loop.loop import Wait, event_loop, is_on_loop
from localstack_plugin.idle_threads import IDLE_THREADS

Result = TypeVar("Result")


def readable(connection: socket.socket, timeout_s: float | None) -> bool:
    """On the loop: wait until a socket has something to read. Return False if the time was up first."""
    return event_loop().wait_for_file(connection, selectors.EVENT_READ, timeout_s)


def writable(connection: socket.socket, timeout_s: float | None) -> bool:
    """On the loop: wait until a socket takes something. Return False if the time was up first."""
    return event_loop().wait_for_file(connection, selectors.EVENT_WRITE, timeout_s)


def give_way() -> None:
    """On the loop: let others run that are ready, if the caller has run for long enough."""
    if is_on_loop() and event_loop().is_turn_over():
        wait = Wait(event_loop())
        wait.wake()
        wait.wait()


def run_in_a_thread(call: Callable[[], object]) -> None:
    """Have another thread make the call, without waiting for its end. RuntimeError if there are no more threads.

    To start one may take long, because it first needs Python's lock: from the loop, yet another thread starts it.
    """
    if not is_on_loop():
        IDLE_THREADS.run(call)
    elif not IDLE_THREADS.run_in_idle(call):
        _result(starter().put, lambda: IDLE_THREADS.run(call))


@cache
def starter() -> SimpleQueue[Callable[[], None]]:
    """Return the queue of the thread that starts others for the loop."""
    calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def serve() -> None:
        while True:
            calls.get()()

    threading.Thread(target=serve, name="thread-starter", daemon=True).start()
    return calls


def in_a_thread(call: Callable[[], Result]) -> Result:
    """Make a call that may block, and return its result. From the loop, another thread makes it while others run."""
    return _result(run_in_a_thread, call) if is_on_loop() else call()


def on_the_loop(call: Callable[[], Result]) -> Result:
    """Make a call that never blocks in a greenlet, and return its result. The thread waits: not for greenlets."""
    outcome: Future[Result] = Future()
    event_loop().run(lambda: _settle(outcome, call))
    return outcome.result()


def _result(hand_over: Callable[[Callable[[], None]], object], call: Callable[[], Result]) -> Result:
    """On the loop: hand a call over to another thread, let others run until its end, and return its outcome."""
    wait, outcome = Wait(event_loop()), Future[Result]()

    def settle() -> None:
        _settle(outcome, call)
        wait.wake()

    hand_over(settle)
    wait.wait()
    return outcome.result()


def _settle(outcome: Future[Result], call: Callable[[], Result]) -> None:
    try:
        outcome.set_result(call())
    except BaseException as error:  # noqa: BLE001 - whoever waits for the outcome raises it
        outcome.set_exception(error)


class Waiter(Protocol):
    def wait(self, timeout_s: float | None = None) -> bool: ...

    def wake(self) -> None: ...


class _WaitOfThread:
    def __init__(self) -> None:
        self._woken = threading.Lock()
        self._woken.acquire()

    def wait(self, timeout_s: float | None = None) -> bool:
        return self._woken.acquire(timeout=-1 if timeout_s is None else timeout_s)

    def wake(self) -> None:
        self._woken.release()


class Condition:
    """The part of `threading.Condition` that is used here, for greenlets, too. As there, hold it to wait and notify."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[Waiter] = deque()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def wait(self, timeout_s: float) -> bool:
        """Let go of the lock until somebody notifies. Return False if the time was up first."""
        waiter: Waiter = Wait(event_loop()) if is_on_loop() else _WaitOfThread()
        self._waiting.append(waiter)
        self._lock.release()
        try:
            return waiter.wait(timeout_s)
        finally:
            self._lock.acquire()
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    def notify(self) -> None:
        if self._waiting:
            self._waiting.popleft().wake()

    def notify_all(self) -> None:
        while self._waiting:
            self.notify()
