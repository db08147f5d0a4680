"""RedriveExecution: an execution that did not succeed goes on from the state in which it ended.

docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html. The state begins anew with the input and the
variables that it had, and the history goes on behind an ExecutionRedriven event.
"""

import copy
import datetime
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from localstack.aws.api import RequestContext
from localstack.aws.api.stepfunctions import (
    ExecutionNotRedrivable,
    ExecutionRedrivenEventDetails,
    ExecutionRedriveStatus,
    ExecutionStatus,
    HistoryEventType,
    RedriveExecutionOutput,
    StateMachineType,
)
from localstack.services.stepfunctions.asl.component.common.flow.start_at import StartAt
from localstack.services.stepfunctions.asl.component.state.state import CommonStateField
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.eval.event.event_manager import EventHistoryContext
from localstack.services.stepfunctions.asl.eval.program_state import ProgramRunning
from localstack.services.stepfunctions.backend.execution import Execution
from localstack.services.stepfunctions.backend.execution_worker import ExecutionWorker
from localstack.services.stepfunctions.provider import StepFunctionsProvider

from localstack_plugin.replacing import replace, wrap
from localstack_plugin.stepfunctions.errors.lost_workers import failing_the_execution
from localstack_plugin.stepfunctions.histories.limit import MOST_EVENTS

MOST_REDRIVES, LONGEST = 1000, datetime.timedelta(days=14)
LAST_STATE, REDRIVES = "_last_state", "_redrives"
REDRIVABLE = (ExecutionStatus.FAILED, ExecutionStatus.ABORTED, ExecutionStatus.TIMED_OUT)


@dataclass(frozen=True)
class EnteredState:
    """A state of the workflow's top level that was entered, with what is needed to enter it again."""

    name: str
    state_input: Any
    variables: dict[str, Any]


@dataclass
class Redrives:
    """How often and when an execution was redriven; kept at the execution."""

    count: int = 0
    date: datetime.datetime | None = None
    tokens: set[str] = field(default_factory=set)


def redrives_of(execution: Execution) -> Redrives:
    redrives: Redrives = execution.__dict__.setdefault(REDRIVES, Redrives())
    return redrives


def noting(
    original: Callable[[CommonStateField, Environment], None],
) -> Callable[[CommonStateField, Environment], None]:
    def evaluate(self: CommonStateField, env: Environment) -> None:
        if not env.is_frame():
            entered = EnteredState(self.name, env.states._states_data["input"], dict(env.variable_store._inner_scope))
            env.__dict__[LAST_STATE] = entered
        original(self, env)

    return evaluate


def reason_against(execution: Execution) -> str | None:
    """Return why the execution cannot be redriven, None if it can."""
    if execution.exec_status not in REDRIVABLE:
        return f"Execution is {execution.exec_status} and cannot be redriven"
    if redrives_of(execution).count >= MOST_REDRIVES:
        return f"Execution has reached the maximum of {MOST_REDRIVES} redrives and cannot be redriven"
    if datetime.datetime.now(tz=datetime.UTC) - execution.stop_date > LONGEST:
        return "Execution redrivable period exceeded"
    if len(execution.exec_worker.env.event_manager._history_event_list) >= MOST_EVENTS - 1:
        return "Execution history event limit exceeded"
    return None


def redrive_execution(
    self: StepFunctionsProvider,
    context: RequestContext,
    execution_arn: str,
    client_token: str | None = None,
    **_: Any,
) -> RedriveExecutionOutput:
    self._validate_state_machine_execution_arn(execution_arn)
    execution = self._get_execution(context=context, execution_arn=execution_arn)
    if execution.sm_type != StateMachineType.STANDARD:
        self._raise_resource_type_not_in_context(resource_type=execution.sm_type)
    redrives = redrives_of(execution)
    if client_token and client_token in redrives.tokens:
        return RedriveExecutionOutput(redriveDate=redrives.date)
    if reason := reason_against(execution):
        raise ExecutionNotRedrivable(reason)
    redrives.count += 1
    redrives.date = datetime.datetime.now(tz=datetime.UTC)
    redrives.tokens |= {client_token} if client_token else set()
    begin_again(execution)
    self.get_store(context).executions[execution_arn] = execution  # as one that has not ended
    return RedriveExecutionOutput(redriveDate=redrives.date)


def begin_again(execution: Execution) -> None:
    ended = execution.exec_worker.env
    worker = execution._get_start_execution_worker()
    worker.env = continued(ended, worker._get_evaluation_environment(), redrives_of(execution))
    execution.exec_worker = worker
    execution.stop_date = execution.error = execution.cause = execution.output = None
    execution.exec_status = ExecutionStatus.RUNNING
    execution.publish_execution_status_change_event()
    Thread(target=failing_the_execution(resume), args=(worker,), daemon=True).start()


def continued(ended: Environment, env: Environment, redrives: Redrives) -> Environment:
    """Give the new environment the history of the old one, and the input and variables of its last state."""
    env.event_manager = ended.event_manager
    env.event_history_context = EventHistoryContext(previous_event_id=len(ended.event_manager._history_event_list))
    env.event_manager.add_event(
        context=env.event_history_context,
        event_type=HistoryEventType.ExecutionRedriven,
        event_details=EventDetails(
            executionRedrivenEventDetails=ExecutionRedrivenEventDetails(redriveCount=redrives.count)
        ),
    )
    assert redrives.date is not None
    context = env.states.context_object.context_object_data["Execution"]
    context |= {"RedriveCount": redrives.count, "RedriveTime": Execution._to_serialized_date(redrives.date)}
    if entered := ended.__dict__.get(LAST_STATE):
        env.states.reset(input_value=entered.state_input)
        env.variable_store._inner_scope.update(entered.variables)
        env.__dict__[LAST_STATE] = entered
    env._program_state = ProgramRunning()
    return env


def resume(worker: ExecutionWorker) -> None:
    program = copy.copy(worker._get_evaluation_entrypoint())
    if entered := worker.env.__dict__.get(LAST_STATE):
        program.start_at = StartAt(start_at_name=entered.name)
    program.eval(worker.env)
    worker._execution_communication.terminated()


def telling_redrives(original: Callable[[Execution], Any]) -> Callable[[Execution], Any]:
    def output(self: Execution) -> Any:
        described, redrives = original(self), redrives_of(self)
        described["redriveCount"] = redrives.count
        if redrives.date:
            described["redriveDate"] = redrives.date
        return described

    return output


def telling_redrive_status(original: Callable[[Execution], Any]) -> Callable[[Execution], Any]:
    def output(self: Execution) -> Any:
        described = original(self)
        reason = reason_against(self)
        status = ExecutionRedriveStatus.NOT_REDRIVABLE if reason else ExecutionRedriveStatus.REDRIVABLE
        described["redriveStatus"] = status
        if reason:
            described["redriveStatusReason"] = reason
        return described

    return output


def filtering_redriven(original: Callable[..., Any]) -> Callable[..., Any]:
    def list_executions(
        self: StepFunctionsProvider, context: RequestContext, redrive_filter: str | None = None, **parameters: Any
    ) -> Any:
        listed = original(self, context, **parameters)
        if redrive_filter:
            wanted = redrive_filter == "REDRIVEN"
            listed["executions"] = [item for item in listed["executions"] if bool(item["redriveCount"]) is wanted]
        return listed

    return list_executions


def install() -> None:
    replace(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.redrive_execution",
        by=redrive_execution,
        why="LocalStack has no RedriveExecution.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.component.state.state:CommonStateField._eval_body",
        wrapper=noting,
        why="A redriven execution begins with the state in which it ended, so each state is recorded when it is "
        "entered.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution:Execution.to_describe_output",
        "localstack.services.stepfunctions.backend.execution:Execution.to_execution_list_item",
        wrapper=telling_redrives,
        why="LocalStack's answers lack redriveCount and redriveDate.",
    )
    wrap(
        "localstack.services.stepfunctions.backend.execution:Execution.to_describe_output",
        wrapper=telling_redrive_status,
        why="LocalStack's answer lacks redriveStatus and redriveStatusReason.",
    )
    wrap(
        "localstack.services.stepfunctions.provider:StepFunctionsProvider.list_executions",
        wrapper=filtering_redriven,
        why="LocalStack ignores redriveFilter.",
    )
