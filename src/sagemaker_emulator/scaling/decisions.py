"""The arithmetic of scaling policies; no I/O.

Sources: Application Auto Scaling user guide, "How target tracking scaling works" and "How step scaling works". The
alarms that target tracking creates for SageMaker exceed their threshold in 3 of 3 periods of a minute, and fall below
nine tenths of it in 15 of 15.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

PERIODS_HIGH, PERIODS_LOW = 3, 15
LOW_SHARE = 0.9
CAPACITY_MAX = (1 << 31) - 1


@dataclass
class Breaches:
    """For how many periods in a row a metric has been above its target, and clearly below it."""

    high: int = 0
    low: int = 0

    def count(self, value: float | None, target: float) -> None:
        """Count one period. A period without a value ends both rows."""
        self.high = self.high + 1 if value is not None and value > target else 0
        self.low = self.low + 1 if value is not None and value < LOW_SHARE * target else 0

    @property
    def alarm(self) -> str | None:
        if self.high >= PERIODS_HIGH:
            return "AlarmHigh"
        return "AlarmLow" if self.low >= PERIODS_LOW else None


def tracked(current: int, value: float, target: float, alarm: str) -> int:
    """Return the capacity at which the metric, shared by all instances, is at its target."""
    needed = math.ceil(min(current * value / target, CAPACITY_MAX))
    return max(needed, current + 1) if alarm == "AlarmHigh" else min(needed, current - 1)


def stepped(current: int, breach: float, configuration: dict[str, Any]) -> int:
    """Return the capacity after the step whose interval contains `breach`, the metric minus the alarm's threshold."""
    step = _step(breach, configuration.get("StepAdjustments", ()))
    if step is None:
        return current
    adjustment = step["ScalingAdjustment"]
    match configuration.get("AdjustmentType"):
        case "ExactCapacity":
            return max(0, int(adjustment))
        case "PercentChangeInCapacity":
            return max(0, current + _percent_of(current, adjustment, configuration.get("MinAdjustmentMagnitude", 1)))
    return max(0, current + int(adjustment))


def _step(breach: float, steps: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the step of a breach. Above the threshold lower bounds are inclusive, below it upper bounds are."""
    for step in steps:
        lower = step.get("MetricIntervalLowerBound", -math.inf)
        upper = step.get("MetricIntervalUpperBound", math.inf)
        if (lower <= breach < upper) if breach >= 0 else (lower < breach <= upper):
            return step
    return None


def _percent_of(current: int, percent: float, magnitude: int) -> int:
    """Return the change. Fractions are rounded towards zero, but a change of less than one is one."""
    change = int(current * percent / 100)
    least = max(1, magnitude)
    if percent and abs(change) < least:
        return least if percent > 0 else -least
    return change
