"""Failures of Task, Map and Parallel states: what Retry and Catch take, and what the history tells."""

from collections.abc import Callable
from typing import Any

from localstack.aws.api.stepfunctions import HistoryEventType
from localstack.services.stepfunctions.asl.component.common.catch.catch_outcome import CatchOutcome
from localstack.services.stepfunctions.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from localstack.services.stepfunctions.asl.component.common.retry.max_attempts_decl import MaxAttemptsOutcome
from localstack.services.stepfunctions.asl.component.common.retry.retrier_decl import RetrierDecl
from localstack.services.stepfunctions.asl.component.common.retry.retrier_outcome import RetrierOutcome
from localstack.services.stepfunctions.asl.component.common.retry.retry_outcome import RetryOutcome
from localstack.services.stepfunctions.asl.component.state.state_execution.execute_state import ExecutionState
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.utils.json_path import NoSuchJsonPathError

from localstack_plugin.event_loop.waits import in_a_thread
from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.errors.matching import takes
from localstack_plugin.stepfunctions.executions.compact_json import compact
from localstack_plugin.stepfunctions.failures import RUNTIME, failure

IN_THE_HISTORY_ALREADY = (HistoryEventType.ExecutionFailed, HistoryEventType.EvaluationFailed)
"""Events that something else records: the end of the execution, or the evaluation that failed."""


def evaluate_error_equals(self: ErrorEqualsDecl, env: Environment) -> None:
    error = env.stack.pop()
    env.stack.append(takes([name.error_name for name in self.error_names], error and error.error_name))


def evaluate_retrier(self: RetrierDecl, env: Environment) -> None:
    """Wait before the next attempt. A stop of the execution ends the wait."""
    self.error_equals.eval(env)
    if not env.stack.pop():
        env.stack.append(RetrierOutcome.Skipped)
        return
    self.max_attempts.eval(env=env)
    if env.stack.pop() == MaxAttemptsOutcome.EXHAUSTED:
        env.stack.append(RetrierOutcome.Failed)
        return
    for component in (self.interval_seconds, self.backoff_rate, self.max_delay_seconds, self.jitter_strategy):
        component.eval(env=env)
    interval_s = env.stack.pop()
    in_a_thread(lambda: env.program_state_event.wait(interval_s))
    env.stack.append(RetrierOutcome.Executed)


def naming_the_field(original: Callable[[Any, Environment], None]) -> Callable[[Any, Environment], None]:
    """Fail with States.Runtime and the name of the field whose path selects nothing."""

    def evaluate(self: Any, env: Environment) -> None:
        try:
            original(self, env)
        except NoSuchJsonPathError as error:
            field = getattr(error, "field", None) or env.next_field_name
            cause = (
                f"The JSONPath '{error.json_path}' specified for the field '{field}' could not be found "
                f"in the input '{compact(error.data)}'"
            )
            raise failure(env, RUNTIME, cause) from error

    return evaluate


def evaluate_state(self: ExecutionState, env: Environment) -> None:
    """Evaluate until the state succeeds, its error is caught, or the error ends the execution."""
    env.states.context_object.context_object_data["State"]["RetryCount"] = 0
    while env.is_running():
        try:
            self._evaluate_with_timeout(env)
            return
        except Exception as error:  # noqa: BLE001 (whatever ends a task is an error of its state)
            failure_event = self._from_error(env=env, ex=error)
        if failure_event.event_type not in IN_THE_HISTORY_ALREADY:
            env.event_manager.add_event(
                context=env.event_history_context,
                event_type=failure_event.event_type,
                event_details=failure_event.event_details,
            )
        error_output = self._construct_error_output_value(failure_event=failure_event)
        env.states.set_error_output(error_output)
        if self.retry and self._handle_retry(env=env, failure_event=failure_event) == RetryOutcome.CanRetry:
            continue
        if self.catch:
            self._handle_catch(env=env, failure_event=failure_event)
            if env.stack[-1] == CatchOutcome.Caught:
                return
        self._handle_uncaught(env=env, failure_event=failure_event)


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.common.error_name.error_equals_decl:ErrorEqualsDecl._eval_body",
        by=evaluate_error_equals,
        why="In LocalStack States.ALL catches States.Runtime and States.DataLimitExceeded, and States.TaskFailed "
        "catches no reserved name. Here errors are matched as on AWS.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.common.retry.retrier_decl:RetrierDecl._eval_body",
        by=evaluate_retrier,
        why="In LocalStack an execution that is stopped while it waits for a retry goes on until the wait is over. It "
        "ends at once.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state_execution.execute_state"
        ":ExecutionState._evaluate_with_timeout",
        wrapper=naming_the_field,
        why="If a path selects nothing, LocalStack's Task fails with States.TaskFailed, or with a cause that does not "
        "name the field. Here it fails with States.Runtime, and the cause has the field and the input.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.execute_state:ExecutionState._eval_state",
        by=evaluate_state,
        why="LocalStack records a TaskFailed event for errors of the interpreter, before the task has been scheduled. "
        "The history has what AWS's has.",
    )
