"""Failures of a state, as the exception that LocalStack's interpreter hands on to Retry, Catch and the execution."""

from localstack.aws.api.stepfunctions import HistoryEventType, TaskFailedEventDetails
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_detail import EventDetails

RUNTIME = StatesErrorNameType.StatesRuntime
PLACED_LATER = (RUNTIME, StatesErrorNameType.StatesQueryEvaluationError)
"""The errors whose cause LocalStack begins itself with the state, when they end the execution."""


def failure(env: Environment, error: StatesErrorNameType, cause: str) -> FailureEventException:
    """Return the failure of the current state. The history has no event of its own for it."""
    text = cause if error in PLACED_LATER else f"{place(env)}{cause}"
    return FailureEventException(
        failure_event=FailureEvent(
            env=env,
            error_name=StatesErrorName(typ=error),
            event_type=HistoryEventType.ExecutionFailed,
            event_details=EventDetails(
                taskFailedEventDetails=TaskFailedEventDetails(error=error.to_name(), cause=text)
            ),
        )
    )


def place(env: Environment) -> str:
    """Return the beginning that AWS gives the cause of an error of the interpreter."""
    entered = env.event_history_context.source_event_id
    return f"An error occurred while executing the state '{env.next_state_name}' (entered at the event id #{entered}). "
