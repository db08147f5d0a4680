"""A scalable target: one capacity that policies may change, and the limits within which they may."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

NAMESPACE = "sagemaker"
VARIANT_INSTANCES = "sagemaker:variant:DesiredInstanceCount"
COMPONENT_COPIES = "sagemaker:inference-component:DesiredCopyCount"


def target_name(resource_id: str, dimension: str) -> str:
    """Return the name in the store. A resource of AWS may have several dimensions, and a target for each."""
    return f"{resource_id}|{dimension}"


@dataclass(frozen=True)
class ScalableTarget:
    """`suspended` are the switches of SuspendedState that are on or off explicitly."""

    kind: ClassVar[str] = "scalable-target"

    name: str
    arn: str
    resource_id: str
    dimension: str
    minimum: int
    maximum: int
    role_arn: str
    created: float
    suspended: dict[str, bool] = field(default_factory=dict)

    def clamped(self, capacity: int) -> int:
        return min(self.maximum, max(self.minimum, capacity))

    def suspends(self, switch: str) -> bool:
        return self.suspended.get(switch, False)

    def described(self) -> dict[str, Any]:
        switches = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
        return {
            "ServiceNamespace": NAMESPACE,
            "ResourceId": self.resource_id,
            "ScalableDimension": self.dimension,
            "MinCapacity": self.minimum,
            "MaxCapacity": self.maximum,
            "RoleARN": self.role_arn,
            "CreationTime": self.created,
            "SuspendedState": {name: self.suspends(name) for name in switches},
            "ScalableTargetARN": self.arn,
        }
