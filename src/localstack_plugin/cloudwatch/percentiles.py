"""Percentiles of metrics, such as p95, from the values that were put."""

import math
import re
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

from localstack_plugin.cloudwatch.period_statistics import metric_filter
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
        return _answer(database, float(match[1]), request) if match else get_metric_data_stat(database, **request)

    return get


def percentile(values: Sequence[tuple[float, float]], percent: float) -> float:
    """Return a percentile of values with their counts: the lowest that so many percent of all do not exceed."""
    wanted, below = percent / 100 * sum(count for _, count in values), 0.0
    for value, count in sorted(values):
        below += count
        if below >= wanted - 1e-9:
            return value
    return max(value for value, _ in values)


def _answer(database: Any, percent: float, request: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Answer as LocalStack does: the start of each period that has values, and its percentile."""
    stat = request["query"]["MetricStat"]
    start, end = (math.floor(request[name].timestamp()) for name in ("start_time", "end_time"))
    where, values = metric_filter(database, request["account_id"], request["region"], stat)
    with database.DATABASE_LOCK, closing(sqlite3.connect(database.METRICS_DB_READ_ONLY, uri=True)) as connection:
        rows = connection.execute(VALUES.format(filter=where), values | {"start": start, "end": end}).fetchall()
    periods: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for time, value, count in rows:
        periods[start + (int(time) - start) // stat["Period"] * stat["Period"]].append((value, count))
    times = sorted(periods, reverse=request["scan_by"] != "TimestampAscending")
    return {"timestamps": times, "values": [percentile(periods[time], percent) for time in times]}
