"""The limit of an execution's history: 25,000 events, of which the last ends the execution.

docs.aws.amazon.com/step-functions/latest/dg/bp-history-limit.html: if event 25,000 is not ExecutionSucceeded, the
execution fails. No Retrier and no Catcher takes that error. Executions of Express workflows have no limit.
"""

from collections.abc import Callable
from threading import Lock
from typing import Any, Final

from localstack.aws.api.stepfunctions import ExecutionFailedEventDetails, HistoryEventType
from localstack.services.stepfunctions.asl.eval.environment import Environment
from localstack.services.stepfunctions.asl.eval.event.event_manager import EventHistoryContext, EventManager

from localstack_plugin.replacing import wrap

MOST_EVENTS: Final = 25_000
ERROR: Final = ExecutionFailedEventDetails(
    error="States.Runtime", cause=f"The execution reached the maximum number of history events ({MOST_EVENTS})."
)
ENDS: Final = frozenset(
    {
        HistoryEventType.ExecutionSucceeded,
        HistoryEventType.ExecutionFailed,
        HistoryEventType.ExecutionAborted,
        HistoryEventType.ExecutionTimedOut,
    }
)
BEGINNINGS: Final = "Entered", "Scheduled", "TaskStarted", "FunctionStarted"
"""The ends of the names of events before a state or a task begins."""
NEAR: Final = MOST_EVENTS - 1000
"""From this event on, branches record one after the other, so that there are not more in the end."""
ONE_BY_ONE: Final = Lock()
HAS_LIMIT: Final = "_has_limit"
Method = Callable[..., Any]


class HistoryLimitReachedError(Exception):
    """The next event would be the last: nothing begins any more, and the execution fails."""


def of_standard_workflows(original: Method) -> Method:
    def environment(*arguments: Any) -> Environment:
        env: Environment = original(*arguments)
        vars(env.event_manager)[HAS_LIMIT] = env.is_standard_workflow()
        return env

    return environment


def within_limit(original: Callable[..., int]) -> Callable[..., int]:
    """Leave out what happens after the last but one event, and let nothing begin any more."""

    def add_event(
        self: EventManager, context: EventHistoryContext, event_type: HistoryEventType, *details: Any, **more: Any
    ) -> int:
        if self._event_id_gen._next_id < NEAR:
            return original(self, context, event_type, *details, **more)
        with ONE_BY_ONE:
            if event_type in ENDS or not is_full(self):
                return original(self, context, event_type, *details, **more)
        if event_type.endswith(BEGINNINGS):
            raise HistoryLimitReachedError
        return context.last_published_event_id

    return add_event


def is_full(events: EventManager) -> bool:
    return events._event_id_gen._next_id >= MOST_EVENTS and bool(vars(events).get(HAS_LIMIT))


def with_own_error(original: Method) -> Method:
    def set_error(self: Environment, error: ExecutionFailedEventDetails) -> None:
        original(self, error=ERROR if is_full(self.event_manager) else error)

    return set_error


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.backend.execution_worker:ExecutionWorker._get_evaluation_environment",
        wrapper=of_standard_workflows,
        why="In LocalStack a history does not know whether it is of a Standard workflow, which has the limit.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.eval.event.event_manager:EventManager.add_event",
        wrapper=within_limit,
        why="In LocalStack an endless loop fills the memory. An execution ends with event 25,000.",
    )
    wrap(
        "localstack.services.stepfunctions.asl.eval.environment:Environment.set_error",
        wrapper=with_own_error,
        why="Whatever fails when the history is full, the execution fails with States.Runtime, as on AWS.",
    )
