"""Threads that go on to other work of Step Functions when theirs is done.

An execution needs a thread, and others for its branches and items and for tasks with a time-out (`one_thread`). To
start one takes longer than most of what they do.
"""

import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context
from queue import Empty, SimpleQueue
from types import ModuleType
from typing import Any

from localstack_plugin.replacing import replace

IDLE_S = 30.0
"""How long a thread waits for other work before it ends."""

Call = Callable[[], object]


class IdleThreads:
    """Daemon threads that wait, each at a queue of its own. A call never waits: it gets an idle thread or a new one."""

    def __init__(self, idle_s: float = IDLE_S) -> None:
        self._idle_s = idle_s
        self._idle: list[SimpleQueue[Call]] = []

    def run(self, call: Call) -> None:
        try:
            calls = self._idle.pop()  # the one that has waited least: the others can end
        except IndexError:
            threading.Thread(target=self._serve, args=(call,), daemon=True).start()
        else:
            calls.put(call)

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
            except ValueError:  # `run` has just taken it
                return calls.get()
            return None


IDLE_THREADS = IdleThreads()


class ReusedThread:
    """The part of `threading.Thread` that Step Functions uses."""

    def __init__(
        self, target: Callable[..., object], args: tuple[Any, ...] = (), *, daemon: bool = True, name: str | None = None
    ) -> None:
        self._target, self._arguments = target, args
        self._running = threading.Lock()

    def start(self) -> None:
        self._running.acquire()
        IDLE_THREADS.run(self._run)

    def join(self, timeout: float | None = None) -> None:
        if self._running.acquire(timeout=-1 if timeout is None else timeout):
            self._running.release()

    def is_alive(self) -> bool:
        return self._running.locked()

    def _run(self) -> None:
        target, arguments = self._target, self._arguments
        del self._target, self._arguments
        try:
            target(*arguments)
        finally:
            self._running.release()


def install() -> None:
    threads = ModuleType(threading.__name__, threading.__doc__)
    vars(threads).update(vars(threading), Thread=ReusedThread)
    replace(
        "localstack.services.stepfunctions.asl.component.program.program:threading",
        by=threads,
        why="LocalStack starts a thread for each execution, to time it out. A thread that has ended its work is used "
        "again.",
    )
    replace(
        "localstack.services.stepfunctions.backend.execution_worker:Thread",
        by=ReusedThread,
        why="LocalStack starts another thread for each execution. It is used again, too.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.program.program:TMP_THREADS",
        "localstack.services.stepfunctions.backend.execution_worker:TMP_THREADS",
        by=deque(maxlen=0),
        why="LocalStack keeps the threads of all executions for its end, when it does nothing with them. They are not "
        "kept.",
    )
