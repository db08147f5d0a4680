"""Threads that go on to other work when theirs is done: to start one takes longer than much of what they do."""

import threading
from collections.abc import Callable
from contextvars import Context
from queue import Empty, SimpleQueue

IDLE_S = 30.0
"""How long a thread waits for other work before it ends."""

Call = Callable[[], object]


class IdleThreads:
    """Daemon threads that wait, each at a queue of its own. A call never waits: it gets an idle thread or a new one."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._idle: list[SimpleQueue[Call]] = []

    def run(self, call: Call) -> None:
        """Have an idle thread call, or a new one. RuntimeError if the system has no more threads."""
        if not self.run_in_idle(call):
            threading.Thread(target=self._serve, args=(call,), daemon=True).start()

    def run_in_idle(self, call: Call) -> bool:
        """Have an idle thread call. Return False if there is none."""
        try:
            calls = self._idle.pop()  # the one that has waited least: the others can end
        except IndexError:
            return False
        calls.put(call)
        return True

    def _serve(self, first: Call) -> None:
        calls: SimpleQueue[Call] = SimpleQueue()
        calls.put(first)
        del first  # a thread that waits must not keep what it has worked on
        while (call := self._next(calls)) is not None:
            Context().run(call)
            del call
            self._idle.append(calls)

    def _next(self, calls: SimpleQueue[Call]) -> Call | None:
        try:
            return calls.get(timeout=self._idle_s)
        except Empty:
            try:
                self._idle.remove(calls)
            except ValueError:  # `run_in_idle` has just taken it
                return calls.get()
            return None


IDLE_THREADS = IdleThreads()
