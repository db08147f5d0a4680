"""PutMetricData stores all data of a call at once."""

import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

from localstack_plugin.replacing import replace

VALUES = """
INSERT INTO SINGLE_METRICS
(account_id, region, metric_name, namespace, timestamp, dimensions, unit, storage_resolution, value)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
STATISTICS = """
INSERT INTO AGGREGATED_METRICS
(account_id, region, metric_name, namespace, timestamp, dimensions, unit, storage_resolution,
 "sample_count", "sum", "min", "max")
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


def install() -> None:
    replace(
        "localstack.services.cloudwatch.cloudwatch_database_helper:CloudwatchDatabase.add_metric_data",
        by=add_metric_data,
        why="LocalStack opens its database and waits for the disk for each metric of a call: 2.4 s for the 1,000 that "
        "a call may have. The same rows are stored in one transaction, in 0.2 s.",
    )


def add_metric_data(
    database: Any, account_id: str, region: str, namespace: str, metric_data: Iterable[Mapping[str, Any]]
) -> None:
    now = int(time.time())
    values, statistics = [], []
    for datum in metric_data:
        moment = datum.get("Timestamp")
        common = (
            account_id,
            region,
            datum.get("MetricName"),
            namespace,
            database._convert_timestamp_to_unix(moment) if moment else now,
            database._get_ordered_dimensions_with_separator(datum.get("Dimensions")),
            datum.get("Unit"),
            datum.get("StorageResolution"),
        )
        values += [(*common, value) for value in _values(datum)]
        if given := datum.get("StatisticValues"):
            statistics.append((*common, *(given.get(name) for name in ("SampleCount", "Sum", "Minimum", "Maximum"))))
    with database.DATABASE_LOCK, closing(sqlite3.connect(database.METRICS_DB)) as connection, connection:
        connection.executemany(VALUES, values)
        connection.executemany(STATISTICS, statistics)


def _values(datum: Mapping[str, Any]) -> Iterator[Any]:
    """Yield each data point of a datum, as often as it counts."""
    if datum.get("Value") is not None:
        yield datum["Value"]
        return
    given = datum.get("Values") or ()
    for index, value in enumerate(given):
        for _ in range(int(datum["Counts"][index]) if "Counts" in datum else 1):
            yield value
