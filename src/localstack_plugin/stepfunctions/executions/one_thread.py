"""Executions of one thread: it evaluates the states and, in a task without a time-out of its own, waits for its result.

LocalStack needs two more: one that waits until the program ends or times out, and one for each task, so that a stop
does not have to wait for the task. Handing the work from one to the other takes longer than most of what they do.

Here a timer times the program out. An execution that ends while its thread is in a task is ended by another thread,
which takes its place. The thread that was superseded leaves the execution alone when the task lets go of it.
"""

import threading
from collections.abc import Callable
from functools import cache
from typing import Any

from localstack.services.stepfunctions.asl.component.eval_component import EvalComponent
from localstack.services.stepfunctions.asl.component.program.program import Program
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_manager import EventManager
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker

from localstack_plugin.idle_threads import IDLE_THREADS
from localstack_plugin.replacing import wrap
from localstack_plugin.stepfunctions.errors.lost_workers import failing_the_execution
from localstack_plugin.timer_thread import TimerThread

IN_ENVIRONMENT = "_one_thread"
"""Where the environment of an execution has its OneThread.

Frames have none: each branch and each item runs in threads of its own.
"""


@cache
def timers() -> TimerThread:
    return TimerThread()


class Superseded(BaseException):
    """Ends a thread whose execution another thread has ended.

    A BaseException, so that no error handler takes it for an error of the task.
    """


class OneThread:
    """The thread of one execution, as the threads that stop it and time it out see it."""

    def __init__(self, worker: ExecutionWorker) -> None:
        self._worker, self._env = worker, worker.env
        self._lock = threading.Lock()
        self._is_in_task = self._is_superseded = False

    def run_task(self, task: Callable[[], None]) -> tuple[bool, Exception | None]:
        """Run the task. Return whether it ran, and its error.

        It does not run if the execution was stopped or timed out first. Raises Superseded.
        """
        with self._lock:
            self._is_in_task = True
        # after that, because an execution that is stopped from now on is ended by another thread
        may_begin, error = self._env.is_running(), None
        try:
            if may_begin:
                task()
        except Exception as raised:  # noqa: BLE001 - the state raises it
            error = raised
        with self._lock:
            self._is_in_task = False
            if self._is_superseded:
                raise Superseded
        return may_begin, error

    def time_out(self) -> None:
        with self._env._state_mutex:
            if not self._env.is_running():
                return
            self._env.set_timed_out()
        self.end_task()

    def end_task(self) -> None:
        """Finish a stopped or timed-out execution from another thread if its own is in a task; otherwise do nothing."""
        with self._lock:
            if self._env.is_running() or not self._is_in_task or self._is_superseded:
                return
            self._is_superseded = True
        IDLE_THREADS.run(lambda: failing_the_execution(end)(self._worker))


def end(worker: ExecutionWorker) -> None:
    env = worker.env
    for frame in list(env._frames):
        frame.event_manager = EventManager()  # what the task may still record comes after the execution's end
        env.close_frame(frame)  # so that the last event follows those of the task
    worker._get_evaluation_entrypoint()._eval_body(env)  # only records the end: no state begins any more
    worker._execution_communication.terminated()


def of(env: Environment) -> OneThread | None:
    one_thread: OneThread | None = vars(env).get(IN_ENVIRONMENT)
    return one_thread


def in_one_thread(original: Callable[[ExecutionWorker], None]) -> Callable[[ExecutionWorker], None]:
    def run(self: ExecutionWorker) -> None:
        # Subclasses keep LocalStack's threads: their caller waits for the answer, which must come when the time is up.
        if type(self) is ExecutionWorker:
            vars(self.env)[IN_ENVIRONMENT] = OneThread(self)
        try:
            original(self)
        except Superseded:
            pass
        finally:
            vars(self.env).pop(IN_ENVIRONMENT, None)  # it refers to the worker, which refers to the environment

    return run


def without_a_thread(original: Callable[[Program, Environment], None]) -> Callable[[Program, Environment], None]:
    def evaluate(self: Program, env: Environment) -> None:
        one_thread = of(env)
        if one_thread is None:
            original(self, env)
            return
        env.next_state_name = self.start_at.start_at_name
        timeout = self.timeout_seconds
        timer = timers().start(timeout.timeout_seconds, one_thread.time_out) if timeout else None
        try:
            EvalComponent.eval(self, env)
        finally:
            if timer:
                timers().cancel(timer)

    return evaluate


def ending_the_task(original: Callable[..., None]) -> Callable[..., None]:
    def stop(self: ExecutionWorker, **parameters: Any) -> None:
        original(self, **parameters)
        if one_thread := of(self.env):
            one_thread.end_task()

    return stop


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.backend.execution_worker:ExecutionWorker._execution_logic",
        wrapper=in_one_thread,
        why="LocalStack has three threads for an execution in a task. Here the execution's own thread runs the task.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.program.program:Program.eval",
        wrapper=without_a_thread,
        why="LocalStack evaluates the program in a thread of its own, for which the execution's thread waits. Here "
        "the execution's thread evaluates it, and a timer times it out.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution_worker:ExecutionWorker.stop",
        wrapper=ending_the_task,
        why="An execution that is stopped while its own thread runs a task is ended by another thread.",
    )
