"""The threads of Step Functions, of executions, branches, items and tasks with a time-out, go on to other work."""

import threading
from collections import deque
from collections.abc import Callable
from types import ModuleType
from typing import Any

from localstack_plugin.event_loop.waits import run_in_a_thread
from localstack_plugin.replacing import replace


class ReusedThread:
    """The part of `threading.Thread` that Step Functions uses."""

    def __init__(
        self, target: Callable[..., object], args: tuple[Any, ...] = (), *, daemon: bool = True, name: str | None = None
    ) -> None:
        self._target, self._arguments = target, args
        self._running = threading.Lock()

    def start(self) -> None:
        self.start_by(run_in_a_thread)

    def start_by(self, run: Callable[[Callable[[], None]], None]) -> None:
        self._running.acquire()
        run(self._run)

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
        "localstack.services.stepfunctions.asl.component.program.program:TMP_THREADS",
        "localstack.services.stepfunctions.backend.execution_worker:TMP_THREADS",
        by=deque(maxlen=0),
        why="LocalStack keeps the threads of all executions for its end, when it does nothing with them. They are not "
        "kept.",
    )
