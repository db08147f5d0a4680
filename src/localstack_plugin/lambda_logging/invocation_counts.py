"""Counts of invocations and errors, as data points for CloudWatch."""

import threading
from collections import Counter
from datetime import UTC, datetime
from typing import Any

Region = tuple[str, str]
"""Account and region."""
Point = tuple[str, str, int]
"""Metric, function, and the second since the epoch."""


class InvocationCounts:
    """Counts since the last `take`. Any thread may count."""

    def __init__(self) -> None:
        self._counts: dict[Region, Counter[Point]] = {}
        self._lock = threading.Lock()

    def add(self, region: Region, function: str, second: int, *metrics: str) -> None:
        with self._lock:
            self._counts.setdefault(region, Counter()).update((metric, function, second) for metric in metrics)

    def take(self) -> dict[Region, Counter[Point]]:
        with self._lock:
            counts, self._counts = self._counts, {}
        return counts


def datum(point: Point, count: int) -> dict[str, Any]:
    """Return a MetricDatum that stands for `count` data points of 1, as LocalStack would put them one by one."""
    metric, function, second = point
    return {
        "MetricName": metric,
        "Dimensions": [{"Name": "FunctionName", "Value": function}],
        "Timestamp": datetime.fromtimestamp(second, UTC),
        "Values": [1],
        "Counts": [count],
    }
