"""One state: its input, its work, its output, and the events of its beginning and its end.

A value is encoded once for the check of its size and for all events that have it: a state's output is the input of the
next.
"""

import datetime

from localstack.aws.api.stepfunctions import (
    HistoryEventExecutionDataDetails,
    HistoryEventType,
    StateEnteredEventDetails,
    StateExitedEventDetails,
    TaskFailedEventDetails,
    TaskSucceededEventDetails,
)
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.state.state import CommonStateField
from localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service import (  # noqa: E501
    StateTaskService,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails
from localstack.services.stepfunctions.asl.eval.states import StateData, States
from localstack.services.stepfunctions.asl.utils.json_path import NoSuchJsonPathError

from localstack_plugin.event_loop.waits import give_way
from localstack_plugin.replacing import replace
from localstack_plugin.stepfunctions.executions.compact_json import compact
from localstack_plugin.stepfunctions.executions.limits import text_is_within_data_limit
from localstack_plugin.stepfunctions.failures import RUNTIME

TEXT = "_text_of_the_input"


def evaluate(self: CommonStateField, env: Environment) -> None:
    give_way()  # or a long row of states without a task would keep all others of the event loop waiting
    record_entered(self, env)
    entered = datetime.datetime.now(tz=datetime.UTC).isoformat()
    env.states.context_object.context_object_data["State"] = StateData(EnteredTime=entered, Name=self.name)
    self._eval_state_input(env=env)
    try:
        self._eval_state(env)
    except NoSuchJsonPathError as error:
        raise missing_path(env, error) from error
    if not env.is_running():
        return
    self._eval_state_output(env=env)
    if not text_is_within_data_limit(text_of_the_input(env.states)):
        self._verify_size_quota(env=env, value=env.states.get_input())
    self._set_next(env)
    if self.state_exited_event_type is not None:
        record_exited(self, env)


def text_of_the_input(states: States) -> str:
    """Return the JSON of the value that the state has as input, or passes on.

    It is encoded anew for another object only. Nothing writes into the object: what is evaluated is a copy.
    """
    value = states._states_data["input"]
    known: tuple[object, str] | None = vars(states).get(TEXT)
    if known is None or known[0] is not value:
        known = vars(states)[TEXT] = value, compact(value)
    return known[1]


def record_entered(state: CommonStateField, env: Environment) -> None:
    details = StateEnteredEventDetails(
        name=state.name,
        input=text_of_the_input(env.states),
        inputDetails=HistoryEventExecutionDataDetails(truncated=False),
    )
    record(env, state.state_entered_event_type, EventDetails(stateEnteredEventDetails=details))


def record_exited(state: CommonStateField, env: Environment) -> None:
    details = StateExitedEventDetails(
        name=state.name,
        output=text_of_the_input(env.states),
        outputDetails=HistoryEventExecutionDataDetails(truncated=False),
    )
    if variables := env.variable_store.get_assigned_variables():
        details["assignedVariables"] = variables
        details["assignedVariablesDetails"] = {"truncated": False}
    env.variable_store.reset_tracing()
    record(env, state.state_exited_event_type, EventDetails(stateExitedEventDetails=details))


def record_succeeded_task(self: StateTaskService, env: Environment, **_: object) -> None:
    output = env.stack[-1]
    text = compact(output)
    if not text_is_within_data_limit(text):
        self._verify_size_quota(env=env, value=output)
    details = TaskSucceededEventDetails(
        resource=self._get_sfn_resource(),
        resourceType=self._get_sfn_resource_type(),
        output=text,
        outputDetails=HistoryEventExecutionDataDetails(truncated=False),
    )
    record(env, HistoryEventType.TaskSucceeded, EventDetails(taskSucceededEventDetails=details))


def record(env: Environment, event_type: HistoryEventType, details: EventDetails) -> None:
    env.event_manager.add_event(context=env.event_history_context, event_type=event_type, event_details=details)


def missing_path(env: Environment, error: NoSuchJsonPathError) -> FailureEventException:
    cause = (
        f"The JSONPath '{error.json_path}' specified for the field '{env.next_field_name}' "
        f"could not be found in the input '{compact(error.data)}'"
    )
    details = TaskFailedEventDetails(error=RUNTIME.to_name(), cause=cause)
    return FailureEventException(
        failure_event=FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=RUNTIME),
            event_type=HistoryEventType.TaskFailed,
            event_details=EventDetails(taskFailedEventDetails=details),
        )
    )


def install() -> None:
    replace(
        "localstack.services.stepfunctions.asl.component.state.state:CommonStateField._eval_body",
        by=evaluate,
        why="LocalStack copies and encodes a state's output for the check of its size, again for the state's last "
        "event, and again for the first event of the next state. It is encoded once.",
    )
    replace(
        "localstack.services.stepfunctions.asl.component.state.state_execution.state_task.service.state_task_service"
        ":StateTaskService._after_eval_execution",
        by=record_succeeded_task,
        why="LocalStack encodes a task's output for the check of its size, and again for the event. It is encoded "
        "once.",
    )
