"""An endpoint: which configuration it serves, and the moves between its statuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

FAILURE_REASON_MAX = 1024


class EndpointStatus(StrEnum):
    CREATING = "Creating"
    UPDATING = "Updating"
    ROLLING_BACK = "RollingBack"
    IN_SERVICE = "InService"
    DELETING = "Deleting"
    FAILED = "Failed"


E = EndpointStatus
NEXT = {
    E.CREATING: {E.IN_SERVICE, E.FAILED, E.DELETING},
    E.UPDATING: {E.IN_SERVICE, E.ROLLING_BACK, E.FAILED, E.DELETING},
    E.ROLLING_BACK: {E.IN_SERVICE, E.FAILED, E.DELETING},
    E.IN_SERVICE: {E.UPDATING, E.DELETING, E.FAILED},
    E.FAILED: {E.DELETING, E.UPDATING},
}
IN_PROGRESS = frozenset({E.CREATING, E.UPDATING, E.ROLLING_BACK, E.DELETING})


@dataclass(frozen=True)
class Endpoint:
    kind: ClassVar[str] = "endpoint"

    name: str
    arn: str
    config_name: str
    created: float
    modified: float
    status: EndpointStatus = E.CREATING
    failure_reason: str | None = None

    @property
    def is_in_progress(self) -> bool:
        return self.status in IN_PROGRESS

    def moved_to(self, status: EndpointStatus, now: float, failure_reason: str | None = None) -> Endpoint:
        """The endpoint one step on. ValueError for a step that AWS's endpoint would never take."""
        if status not in NEXT.get(self.status, set()):
            raise ValueError(f"endpoint {self.name!r} cannot go from {self.status} to {status}")
        reason = failure_reason[:FAILURE_REASON_MAX] if failure_reason else None
        return replace(self, status=status, modified=now, failure_reason=reason)

    def serving(self, config_name: str) -> Endpoint:
        return replace(self, config_name=config_name)
