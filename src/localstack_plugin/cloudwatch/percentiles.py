"""Percentiles of metrics, such as p95, from the values that were put."""

import math
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

from localstack_plugin.replacing import wrap

PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100)")
VALUES = """
SELECT timestamp, value, 1 FROM SINGLE_METRICS WHERE {filter}
UNION ALL
SELECT timestamp, min, sample_count FROM AGGREGATED_METRICS WHERE min = max AND {filter}
"""


def install() -> None:
    wrap(
        "localstack.services.cloudwatch.cloudwatch_database_helper:CloudwatchDatabase.get_metric_data_stat",
        wrapper=with_percentiles,
        why="LocalStack answers GetMetricData with an internal error where a percentile is asked for. Here p0 to p100 "
        "are computed from the values that were put.",
    )


def with_percentiles(get_metric_data_stat: Callable[..., Any]) -> Callable[..., Any]:
    def get(database: Any, **request: Any) -> Any:
        match = PERCENTILE.fullmatch(request["query"]["MetricStat"]["Stat"])
        return _answer(database, float(match[1]), **request) if match else get_metric_data_stat(database, **request)

    return get


def percentile(values: Sequence[tuple[float, float]], percent: float) -> float:
    """Return a percentile of values with their counts: the lowest that so many percent of all do not exceed."""
    wanted, below = percent / 100 * sum(count for _, count in values), 0.0
    for value, count in sorted(values):
        below += count
        if below >= wanted - 1e-9:
            return value
    return max(value for value, _ in values)


def _answer(
    database: Any,
    percent: float,
    *,
    account_id: str,
    region: str,
    query: Any,
    start_time: Any,
    end_time: Any,
    scan_by: Any,
) -> dict[str, list[Any]]:
    """Answer as LocalStack does: the start of each period that has values, and its percentile."""
    stat = query["MetricStat"]
    start, end = math.floor(start_time.timestamp()), math.floor(end_time.timestamp())
    periods: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for time, value, count in _values(database, account_id, region, stat, start, end):
        periods[start + (int(time) - start) // stat["Period"] * stat["Period"]].append((value, count))
    times = sorted(periods, reverse=scan_by != "TimestampAscending")
    return {"timestamps": times, "values": [percentile(periods[time], percent) for time in times]}


def _values(
    database: Any, account_id: str, region: str, stat: Any, start: int, end: int
) -> list[tuple[float, float, float]]:
    """Return the time, the value and the count of each value. Of a set of statistics only equal values are known."""
    metric = stat["Metric"]
    # they are compared whole, as in `period_statistics`
    dimensions = database._get_ordered_dimensions_with_separator(metric.get("Dimensions") or [])
    named = {
        "account_id = ?": account_id,
        "region = ?": region,
        "namespace = ?": metric.get("Namespace"),
        "metric_name = ?": metric.get("MetricName"),
        "dimensions IS ?": dimensions,
        "timestamp >= ?": start,
        "timestamp < ?": end,
    }
    if (unit := stat.get("Unit")) is not None:
        named["unit IS ?"] = None if unit == "NULL_VALUE" else unit
    sql = VALUES.format(filter=" AND ".join(named))
    with database.DATABASE_LOCK, closing(sqlite3.connect(database.METRICS_DB_READ_ONLY, uri=True)) as connection:
        return connection.execute(sql, [*named.values()] * 2).fetchall()
