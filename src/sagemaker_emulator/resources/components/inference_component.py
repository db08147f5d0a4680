"""An inference component: a model with the resources of one copy, and the number of copies, on a variant."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from safety.plain_text import plain
from sagemaker_emulator.resources.endpoint import FAILURE_REASON_MAX
from sagemaker_emulator.resources.endpoint_config import DOWNLOAD_TIMEOUT_S
from sagemaker_emulator.resources.model import Model


class ComponentStatus(StrEnum):
    CREATING = "Creating"
    IN_SERVICE = "InService"
    UPDATING = "Updating"
    FAILED = "Failed"
    DELETING = "Deleting"


C = ComponentStatus
NEXT = {
    C.CREATING: {C.IN_SERVICE, C.FAILED},
    C.IN_SERVICE: {C.UPDATING, C.DELETING},
    C.UPDATING: {C.IN_SERVICE, C.FAILED},
    C.FAILED: {C.UPDATING, C.DELETING},
    C.DELETING: {C.FAILED},
}
IN_PROGRESS = frozenset({C.CREATING, C.UPDATING, C.DELETING})


@dataclass(frozen=True)
class InferenceComponent:
    """`model` is a copy of the model, or one made of the specification's container; `specification` is the wire's."""

    kind: ClassVar[str] = "inference-component"

    name: str
    arn: str
    endpoint_name: str
    variant_name: str
    specification: dict[str, Any]
    model: Model
    copies: int
    created: float
    modified: float
    status: ComponentStatus = C.CREATING
    failure_reason: str | None = None

    @property
    def memory_mb(self) -> int | None:
        """Return the limit of a copy's memory; None if the component asks for a minimum only."""
        limit: int | None = self.specification.get("ComputeResourceRequirements", {}).get("MaxMemoryRequiredInMb")
        return limit

    @property
    def download_timeout_s(self) -> float:
        return float(self._startup.get("ModelDataDownloadTimeoutInSeconds", DOWNLOAD_TIMEOUT_S))

    @property
    def startup_timeout_s(self) -> float | None:
        return self._startup.get("ContainerStartupHealthCheckTimeoutInSeconds")

    @property
    def is_in_progress(self) -> bool:
        return self.status in IN_PROGRESS

    def moved_to(self, status: ComponentStatus, now: float, failure_reason: str | None = None) -> InferenceComponent:
        """Return the component in another status. ValueError for a move that AWS's never makes."""
        if status not in NEXT[self.status]:
            raise ValueError(f"inference component {self.name!r} cannot go from {self.status} to {status}")
        reason = plain(failure_reason)[:FAILURE_REASON_MAX] if failure_reason else None
        return replace(self, status=status, modified=now, failure_reason=reason)

    @property
    def _startup(self) -> dict[str, Any]:
        startup: dict[str, Any] = self.specification.get("StartupParameters", {})
        return startup
