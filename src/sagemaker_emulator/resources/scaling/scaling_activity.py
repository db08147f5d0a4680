"""A scaling activity: one change of a capacity, from its decision to its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from sagemaker_emulator.resources.scaling.scalable_target import NAMESPACE, target_name

IN_PROGRESS, SUCCESSFUL, FAILED = "InProgress", "Successful", "Failed"


@dataclass(frozen=True)
class ScalingActivity:
    """`before` and `capacity` are the counts that it changes from and to; `noun` names what is counted."""

    kind: ClassVar[str] = "scaling-activity"

    name: str
    arn: str
    resource_id: str
    dimension: str
    noun: str
    before: int
    capacity: int
    cause: str
    created: float
    status: str = IN_PROGRESS
    ended: float | None = None
    message: str | None = None

    @property
    def target(self) -> str:
        return target_name(self.resource_id, self.dimension)

    @property
    def scales_out(self) -> bool:
        return self.capacity > self.before

    def fulfilled(self, now: float) -> ScalingActivity:
        message = f"Successfully set {self.noun} to {self.capacity}. Change successfully fulfilled by {NAMESPACE}."
        return replace(self, status=SUCCESSFUL, ended=now, message=message)

    def failed(self, now: float, reason: str) -> ScalingActivity:
        message = f"Failed to set {self.noun} to {self.capacity}. Reason: {reason}"
        return replace(self, status=FAILED, ended=now, message=message)

    def described(self) -> dict[str, Any]:
        described = {
            "ActivityId": self.name,
            "ServiceNamespace": NAMESPACE,
            "ResourceId": self.resource_id,
            "ScalableDimension": self.dimension,
            "Description": f"Setting {self.noun} to {self.capacity}.",
            "Cause": self.cause,
            "StartTime": self.created,
            "EndTime": self.ended,
            "StatusCode": self.status,
            "StatusMessage": self.message,
        }
        return {member: value for member, value in described.items() if value is not None}
