"""A run of a distributed Map: what is kept of its child workflows, and its errors."""

from typing import Any
from weakref import WeakKeyDictionary

from localstack.aws.api.stepfunctions import HistoryEventType, MapRunFailedEventDetails
from localstack.services.stepfunctions.asl.component.common.error_name.failure_event import (
    FailureEvent,
    FailureEventException,
)
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name import StatesErrorName
from localstack.services.stepfunctions.asl.component.common.error_name.states_error_name_type import (
    StatesErrorNameType,
)
from localstack.services.stepfunctions.asl.component.state.state_execution.state_map.iteration.itemprocessor.map_run_record import (  # noqa: E501
    MapRunRecord,
)
from localstack.services.stepfunctions.asl.eval.environment import Environment

Children = list[dict[str, Any]]
_CHILDREN: WeakKeyDictionary[MapRunRecord, Children] = WeakKeyDictionary()


def children_of(map_run: MapRunRecord) -> Children:
    """Of each child workflow that has ended, what the result writer writes."""
    return _CHILDREN.setdefault(map_run, [])


def failure(env: Environment, kind: StatesErrorNameType, cause: str) -> FailureEventException:
    """An error of the map that a Catch can name."""
    details: Any = {"mapRunFailedEventDetails": MapRunFailedEventDetails(error=kind.to_name(), cause=cause)}
    return FailureEventException(
        FailureEvent(
            env=env, error_name=StatesErrorName(kind), event_type=HistoryEventType.MapRunFailed, event_details=details
        )
    )
