"""A scaling policy: when the capacity of a scalable target changes, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sagemaker_emulator.resources.scaling.scalable_target import NAMESPACE, target_name

TARGET_TRACKING, STEP = "TargetTrackingScaling", "StepScaling"
CONFIGURATIONS = {
    TARGET_TRACKING: "TargetTrackingScalingPolicyConfiguration",
    STEP: "StepScalingPolicyConfiguration",
}
COOLDOWN_S = 300  # the default for endpoints. Source: API reference, TargetTrackingScalingPolicyConfiguration


@dataclass(frozen=True)
class ScalingPolicy:
    """`configuration` is that of its type, as the wire has it."""

    kind: ClassVar[str] = "scaling-policy"

    name: str
    arn: str
    policy_name: str
    resource_id: str
    dimension: str
    policy_type: str
    configuration: dict[str, Any]
    created: float

    @property
    def own_name(self) -> str:
        return self.policy_name

    @property
    def target(self) -> str:
        return target_name(self.resource_id, self.dimension)

    @property
    def may_scale_in(self) -> bool:
        return not self.configuration.get("DisableScaleIn", False)

    @property
    def scale_out_cooldown_s(self) -> float:
        return float(self.configuration.get("ScaleOutCooldown", self.configuration.get("Cooldown", COOLDOWN_S)))

    @property
    def scale_in_cooldown_s(self) -> float:
        return float(self.configuration.get("ScaleInCooldown", self.configuration.get("Cooldown", COOLDOWN_S)))

    def described(self) -> dict[str, Any]:
        return {
            "PolicyARN": self.arn,
            "PolicyName": self.policy_name,
            "ServiceNamespace": NAMESPACE,
            "ResourceId": self.resource_id,
            "ScalableDimension": self.dimension,
            "PolicyType": self.policy_type,
            CONFIGURATIONS[self.policy_type]: self.configuration,
            "Alarms": [],
            "CreationTime": self.created,
        }
