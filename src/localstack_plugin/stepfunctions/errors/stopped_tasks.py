"""Executions that are stopped or time out while a task works: they end at once, and stay what they are.

A task runs in a thread of its own unless its state has no time-out and belongs to an execution of one thread.
"""

import time
from collections.abc import Callable
from typing import Any

from localstack.services.stepfunctions.asl.component.common.timeouts.timeout import (
    EvalTimeoutError,
    TimeoutSeconds,
)
from localstack.services.stepfunctions.asl.component.state.state_execution import execute_state
from localstack.services.stepfunctions.asl.component.state.state_execution.execute_state import ExecutionState
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.state_task import StateTask
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.program_state import ProgramStopped, ProgramTimedOut

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.executions import one_thread
from localstack_plugin.stepfunctions.executions.reused_threads import ReusedThread

NO_TIMEOUT_S = TimeoutSeconds.DEFAULT_TIMEOUT_SECONDS
"""What LocalStack has for a state without a time-out."""
LOOK_EVERY_S = 0.2
"""How often a state looks whether its execution was stopped; the end of the task wakes it at once."""


class Work:
    """The task of a state, in a thread and a frame of its own."""

    def __init__(self, state: ExecutionState, frame: Environment) -> None:
        self.state, self.frame = state, frame
        self.error: Exception | None = None
        self.thread = ReusedThread(self.run)
        self.thread.start()

    def run(self) -> None:
        try:
            self.state._eval_execution(self.frame)
        except Exception as error:  # noqa: BLE001 - the edge of a thread: the state raises it
            self.error = error

    def wait(self, env: Environment, timeout_s: float) -> bool:
        """Return whether the task has ended; if not, its time is up, or the execution does not run any more."""
        deadline = time.monotonic() + timeout_s
        while env.is_running() and (left := deadline - time.monotonic()) > 0:
            self.thread.join(min(left, LOOK_EVERY_S))
            if not self.thread.is_alive():
                return True
        return not self.thread.is_alive()


def evaluate_with_timeout(self: ExecutionState, env: Environment) -> None:
    self.timeout.eval(env=env)
    timeout_s = env.stack.pop()
    frame = env.open_frame()
    frame.states.reset(input_value=env.states._states_data["input"])  # which copies it
    frame.stack = execute_state.copy.deepcopy(env.stack)
    execution_thread = one_thread.of(env)
    if execution_thread is not None and isinstance(self, StateTask) and timeout_s == NO_TIMEOUT_S:
        ended, error = execution_thread.run_task(lambda: self._eval_execution(frame))
    else:
        work = Work(self, frame)
        ended, error = work.wait(env, timeout_s), work.error
    frame.set_ended()
    env.close_frame(frame)
    if not ended and not env.is_running():
        return
    if error is not None:
        raise error
    if not ended:
        raise EvalTimeoutError
    put_output(self, env, frame.stack.pop())


def put_output(state: ExecutionState, env: Environment, output: Any) -> None:
    """Assign variables from the task's output, and make the state's result of it."""
    env.stack.append(output)
    if not state._is_language_query_jsonpath():
        env.states.set_result(output)
    if state.assign_decl:
        state.assign_decl.eval(env=env)
    if state.result_selector:
        state.result_selector.eval(env=env)
    if state.result_path:
        state.result_path.eval(env)
    else:
        env.states.reset(input_value=env.stack.pop())


def unless_ended(original: Callable[..., None]) -> Callable[..., None]:
    def set_error(self: Environment, error: Any) -> None:
        if not isinstance(self._program_state, ProgramStopped | ProgramTimedOut):
            original(self, error=error)

    return set_error


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.execute_state"
        ":ExecutionState._evaluate_with_timeout",
        by=evaluate_with_timeout,
        why="In LocalStack an execution that is stopped while a task works goes on until the task has ended. It ends "
        "at once.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.eval.environment:Environment.set_error",
        wrapper=unless_ended,
        why="In LocalStack an execution that was stopped fails when its task does afterwards. It stays ABORTED.",
    )
