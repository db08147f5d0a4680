"""DeploymentConfig, parsed: which share of the traffic moves when, and which alarms roll the update back.

Source of the limits: the API reference of TrafficRoutingConfig, RollingUpdatePolicy and BlueGreenUpdatePolicy.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.endpoint import Revision

WHOLE_PERCENT = 100


class Kind(StrEnum):
    """TrafficRoutingConfigType, and RollingUpdatePolicy."""

    ALL_AT_ONCE = "ALL_AT_ONCE"
    CANARY = "CANARY"
    LINEAR = "LINEAR"
    ROLLING = "ROLLING"


# member that has the size of a step; its limits in percent of a variant's instances
SIZES = {
    Kind.CANARY: ("CanarySize", 1, 50),
    Kind.LINEAR: ("LinearStepSize", 10, 50),
    Kind.ROLLING: ("MaximumBatchSize", 5, 50),
}


@dataclass(frozen=True)
class CapacitySize:
    """A number of instances, or a percentage of them."""

    is_percent: bool
    value: int

    @classmethod
    def parse(cls, wire: dict[str, Any]) -> CapacitySize:
        return cls(wire["Type"] == "CAPACITY_PERCENT", wire["Value"])

    def percent_of(self, instance_count: int) -> float:
        return float(self.value) if self.is_percent else WHOLE_PERCENT * self.value / max(instance_count, 1)

    def instances_of(self, instance_count: int) -> int:
        """Return a whole number of instances, at least one."""
        count = instance_count * self.value // WHOLE_PERCENT if self.is_percent else self.value
        return min(max(count, 1), instance_count)


@dataclass(frozen=True)
class Policy:
    """How an update proceeds. `step` is the size of a canary, a linear step or a rolling batch; None for all at once.

    `rollback_step` is the batch in which a rolling update brings the old instances back; None for all of them at once.
    """

    kind: Kind
    step: CapacitySize | None
    wait_s: float
    termination_wait_s: float
    timeout_s: float | None
    rollback_step: CapacitySize | None
    alarms: tuple[str, ...]

    @classmethod
    def parse(cls, config: dict[str, Any]) -> Policy:
        """Parse a DeploymentConfig as the wire has it. ValidationException for members that contradict each other."""
        rolling, blue_green = config.get("RollingUpdatePolicy"), config.get("BlueGreenUpdatePolicy", {})
        if rolling and blue_green:
            raise validation("DeploymentConfig can have BlueGreenUpdatePolicy or RollingUpdatePolicy, not both.")
        routing = blue_green.get("TrafficRoutingConfiguration", {"Type": Kind.ALL_AT_ONCE})
        kind, wire = (Kind.ROLLING, rolling) if rolling else (Kind(routing["Type"]), routing)
        waits = rolling or blue_green
        timeout_s = waits.get("MaximumExecutionTimeoutInSeconds")
        alarms = config.get("AutoRollbackConfiguration", {}).get("Alarms", ())
        policy = cls(
            kind=kind,
            step=_step(kind, wire),
            wait_s=float(wire.get("WaitIntervalInSeconds", 0)),
            termination_wait_s=float(blue_green.get("TerminationWaitInSeconds", 0)),
            timeout_s=None if timeout_s is None else float(timeout_s),
            rollback_step=CapacitySize.parse(wire["RollbackMaximumBatchSize"])
            if "RollbackMaximumBatchSize" in wire
            else None,
            alarms=tuple(dict.fromkeys(alarm["AlarmName"] for alarm in alarms)),
        )
        policy._refuse_short_timeout()
        return policy

    def shares(self, instance_count: int) -> tuple[float, ...]:
        """Return the new deployment's share of the traffic after each step, ending in 1.0."""
        if self.step is None or self.kind is Kind.ROLLING:
            return (1.0,)
        share = self.step.percent_of(instance_count) / WHOLE_PERCENT
        if self.kind is Kind.CANARY:
            return (share, 1.0)
        shares = [share]
        while (share := shares[-1] + shares[0]) < 1.0 - 1e-9:
            shares.append(share)
        return (*shares, 1.0)

    def require_fit(self, old: Revision, new: Revision) -> None:
        """Raise ValidationException if an update from `old` to `new` cannot proceed in these steps.

        Source: the developer guide, deployment guardrails, exclusions.
        """
        if self.kind is Kind.ALL_AT_ONCE:
            return
        names = {target.name for target in new.targets}
        if names != {target.name for target in old.targets}:
            raise validation(
                f"The new endpoint configuration must have the same variant names as the old one for a {self.kind} "
                f"update: {', '.join(sorted(target.name for target in old.targets))}."
            )
        if self.kind is Kind.ROLLING and len(names) > 1:
            raise validation("RollingUpdatePolicy is not supported for endpoints with several production variants.")
        for target in new.targets:
            self._require_fitting_step(target.name, target.instance_count)

    def _require_fitting_step(self, variant: str, instance_count: int) -> None:
        """Raise ValidationException for a step of a size that AWS refuses; the largest is half of the instances."""
        assert self.step is not None
        member, lowest, highest = SIZES[self.kind]
        if not lowest <= self.step.percent_of(instance_count) <= highest:
            raise validation(
                f"{member} must be {lowest} to {highest} percent of the {instance_count} instances of variant {variant}"
                f", found: {self.step.percent_of(instance_count):g} percent."
            )
        if instance_count < 2:
            raise validation(
                f"{member} must be at most {highest} percent of the instances of variant {variant}, which has "
                f"{instance_count}: a {self.kind} update needs at least two instances."
            )

    def _refuse_short_timeout(self) -> None:
        if self.timeout_s is not None and self.timeout_s <= self.wait_s + self.termination_wait_s:
            raise validation(
                "MaximumExecutionTimeoutInSeconds must be larger than the total of WaitIntervalInSeconds and "
                f"TerminationWaitInSeconds, found: {self.timeout_s:g} and {self.wait_s + self.termination_wait_s:g}."
            )


def _step(kind: Kind, wire: dict[str, Any]) -> CapacitySize | None:
    if kind is Kind.ALL_AT_ONCE:
        return None
    member = SIZES[kind][0]
    if member not in wire:
        raise validation(f"{member} is required for traffic routing of type {kind}.")
    return CapacitySize.parse(wire[member])
