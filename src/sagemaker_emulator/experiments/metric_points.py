"""The values of metrics that programs log to trial components, by sagemaker-metrics.

Each value is a row of the store. Summaries and series are computed when they are asked for, so logging costs an insert.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sagemaker_emulator.resources.tracking.metric_summary import VALUE_MAX, MetricSummary, RunningSummary
from sagemaker_emulator.storage.store import Store

SCHEMA = """
CREATE TABLE IF NOT EXISTS metric_point (
    component TEXT NOT NULL, metric TEXT NOT NULL, timestamp REAL NOT NULL, step INTEGER, value REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS metric_points ON metric_point (component, metric, timestamp);
"""
# SQLite computes the statistics, because Python would hold the store's lock for longer
STATISTICS_OF_ALL = """
WITH means AS (SELECT metric, avg(value) AS mean FROM metric_point WHERE component = ? GROUP BY metric)
SELECT metric, count(*), min(value), max(value), mean, avg((value - mean) * (value - mean))
FROM metric_point JOIN means USING (metric) WHERE component = ? GROUP BY metric ORDER BY metric
"""
LAST = """
SELECT value, timestamp FROM metric_point WHERE component = ? AND metric = ? ORDER BY timestamp DESC, rowid DESC LIMIT 1
"""
POINTS_MAX = 200_000  # of one component; AWS does not document its limit
STEP_MAX = 1 << 62  # SQLite's integers have 64 bits
PAST_S, FUTURE_S = 14 * 86_400, 2 * 3_600  # the limits of a timestamp; the SDK refuses others, too
PERIODS_S = {"OneMinute": 60, "FiveMinute": 300, "OneHour": 3_600}
RESULTS_MAX = 5_000  # values of one query
STATISTICS: Mapping[str, Callable[[MetricSummary], float]] = {
    "Min": lambda summary: summary.minimum,
    "Max": lambda summary: summary.maximum,
    "Avg": lambda summary: summary.mean,
    "Count": lambda summary: float(summary.count),
    "StdDev": lambda summary: summary.deviation,
    "Last": lambda summary: summary.last,
}


class MetricPoints:
    def __init__(self, store: Store) -> None:
        self._store = store
        with store.transaction() as connection:
            for statement in SCHEMA.split(";"):
                connection.execute(statement)

    def put(self, component: str, data: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Store the values of a request that are valid; return an error for each of the others."""
        now = time.time()
        errors: list[dict[str, Any]] = []
        rows: list[tuple[Any, ...]] = []
        with self._store.transaction() as connection:
            [(count,)] = connection.execute("SELECT count(*) FROM metric_point WHERE component = ?", (component,))
            for index, datum in enumerate(data):
                is_in_time = now - PAST_S <= datum["Timestamp"] <= now + FUTURE_S
                is_countable = abs(datum["Value"]) <= VALUE_MAX and abs(datum.get("Step", 0)) <= STEP_MAX
                if not (is_in_time and is_countable):
                    errors.append({"Code": "VALIDATION_ERROR", "MetricIndex": index})
                elif count + len(rows) >= POINTS_MAX:
                    errors.append({"Code": "METRIC_LIMIT_EXCEEDED", "MetricIndex": index})
                else:
                    rows.append((component, datum["MetricName"], datum["Timestamp"], datum.get("Step"), datum["Value"]))
            connection.executemany("INSERT INTO metric_point VALUES (?, ?, ?, ?, ?)", rows)
        return errors

    def summaries(self, component: str) -> list[MetricSummary]:
        """Return the statistics of each metric of a component, in the order of their names."""
        with self._store.transaction() as connection:
            rows = connection.execute(STATISTICS_OF_ALL, (component, component)).fetchall()
            lasts = [connection.execute(LAST, (component, row[0])).fetchone() for row in rows]
        return [
            MetricSummary(name, count, minimum, maximum, mean, math.sqrt(variance), *last)
            for (name, count, minimum, maximum, mean, variance), last in zip(rows, lasts, strict=True)
        ]

    def clear(self, component: str) -> None:
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM metric_point WHERE component = ?", (component,))

    def series(self, component: str, query: Mapping[str, Any]) -> dict[str, Any]:
        """Return the result of a MetricQuery: a statistic for each step, or for each period of time, in order.

        Start and End are epoch seconds or steps, as the x axis is.
        """
        is_by_step = query["XAxisType"] == "IterationNumber"
        if is_by_step != (query["Period"] == "IterationNumber"):
            return _result("ValidationError", message="Period and XAxisType must both be IterationNumber, or neither.")
        axis = "step" if is_by_step else "timestamp"
        with self._store.transaction() as connection:
            rows = connection.execute(
                f"SELECT {axis}, timestamp, value FROM metric_point WHERE component = ? AND metric = ? "  # noqa: S608
                f"AND {axis} >= ? AND {axis} <= ? ORDER BY {axis}, timestamp, rowid",
                (component, query["MetricName"], *_bounds(query)),
            ).fetchall()
        return _grouped(rows, 1 if is_by_step else PERIODS_S[query["Period"]], query["MetricStat"])


def _bounds(query: Mapping[str, Any]) -> tuple[int, int]:
    return max(-STEP_MAX, query.get("Start", -STEP_MAX)), min(STEP_MAX, query.get("End", STEP_MAX))


def _grouped(rows: Iterable[tuple[float, float, float]], period: int, statistic: str) -> dict[str, Any]:
    groups: dict[int, RunningSummary] = defaultdict(RunningSummary)
    for x, timestamp, value in rows:
        groups[int(x // period * period)].add(value, timestamp)
    shown = list(groups.items())[:RESULTS_MAX]
    values = [STATISTICS[statistic](summary.summary("")) for _, summary in shown]
    return _result("Complete" if len(shown) == len(groups) else "Truncated", [x for x, _ in shown], values)


def _result(
    status: str, x_values: list[int] | None = None, values: list[float] | None = None, message: str | None = None
) -> dict[str, Any]:
    return {"Status": status, "Message": message, "XAxisValues": x_values or [], "MetricValues": values or []}
