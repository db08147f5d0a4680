"""Runs of a distributed Map: the child workflows that have ended, and errors of the run."""

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

from localstack_plugin.stepfunctions.distributed_map.child_workflows import Child

# by record, and dropped with it: LocalStack's MapRunRecord has no field for them
_CHILDREN: WeakKeyDictionary[MapRunRecord, list[Child]] = WeakKeyDictionary()


def children_of(map_run: MapRunRecord) -> list[Child]:
    """Return the list of the run's child workflows that have ended, to read or to append to."""
    return _CHILDREN.setdefault(map_run, [])


def failure(env: Environment, kind: StatesErrorNameType, cause: str) -> FailureEventException:
    """Return an error of the map that a Catch can name."""
    details: Any = {"mapRunFailedEventDetails": MapRunFailedEventDetails(error=kind.to_name(), cause=cause)}
    return FailureEventException(
        FailureEvent(
            env=env, error_name=StatesErrorName(kind), event_type=HistoryEventType.MapRunFailed, event_details=details
        )
    )
