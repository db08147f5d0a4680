"""A scheduled action: new limits for a scalable target, at a time or again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from sagemaker_emulator.resources.scaling.scalable_target import NAMESPACE, target_name


@dataclass(frozen=True)
class ScheduledAction:
    """Times are epoch seconds. `due` is the next time at which it runs, `limits` are MinCapacity and MaxCapacity."""

    kind: ClassVar[str] = "scheduled-action"

    name: str
    arn: str
    action_name: str
    resource_id: str
    dimension: str
    schedule: str
    limits: dict[str, int]
    due: float
    created: float
    timezone: str | None = None
    start: float | None = None
    end: float | None = None

    @property
    def own_name(self) -> str:
        return self.action_name

    @property
    def target(self) -> str:
        return target_name(self.resource_id, self.dimension)

    def described(self) -> dict[str, Any]:
        optional = {"Timezone": self.timezone, "StartTime": self.start, "EndTime": self.end}
        return {
            "ScheduledActionName": self.action_name,
            "ScheduledActionARN": self.arn,
            "ServiceNamespace": NAMESPACE,
            "Schedule": self.schedule,
            "ResourceId": self.resource_id,
            "ScalableDimension": self.dimension,
            "ScalableTargetAction": self.limits,
            "CreationTime": self.created,
            **{member: value for member, value in optional.items() if value is not None},
        }
