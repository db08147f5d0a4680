"""The summary of a metric's values: what DescribeTrialComponent shows of it."""

from __future__ import annotations

import math
from dataclasses import dataclass

VALUE_MAX = 2.0**360  # of CloudWatch's values; the squares of larger ones would overflow


@dataclass(frozen=True)
class MetricSummary:
    """The statistics of one value or more. `last` is the newest value, at `timestamp` (epoch seconds).

    `deviation` is that of the population.
    """

    name: str
    count: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    last: float
    timestamp: float


class RunningSummary:
    """A summary under way, in constant memory. Welford's recurrence keeps the deviation exact for large values."""

    __slots__ = ("count", "last", "maximum", "mean", "minimum", "squares", "timestamp")

    def __init__(self) -> None:
        self.count, self.mean, self.squares = 0, 0.0, 0.0
        self.minimum, self.maximum = math.inf, -math.inf
        self.last = self.timestamp = 0.0

    def add(self, value: float, timestamp: float) -> None:
        self.count += 1
        difference = value - self.mean
        self.mean += difference / self.count
        self.squares += difference * (value - self.mean)
        if value < self.minimum:
            self.minimum = value
        if value > self.maximum:
            self.maximum = value
        self.last, self.timestamp = value, timestamp

    def summary(self, name: str) -> MetricSummary:
        deviation = math.sqrt(max(0.0, self.squares) / self.count)
        return MetricSummary(
            name, self.count, self.minimum, self.maximum, self.mean, deviation, self.last, self.timestamp
        )
