"""Percentiles of CloudWatch's metrics."""

from __future__ import annotations

import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from localstack_plugin.cloudwatch.percentiles import percentile, with_percentiles

START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)
SHOP = [{"Name": "EndpointName", "Value": "shop"}]
COLUMNS = "account_id, region, metric_name, namespace, timestamp, dimensions, unit"


class Database:
    """LocalStack's tables of metrics, and how it writes dimensions."""

    def __init__(self, folder: Path) -> None:
        self.METRICS_DB_READ_ONLY = f"file:{folder}/metrics.db?mode=ro"
        self.DATABASE_LOCK = threading.RLock()
        self._path = folder / "metrics.db"
        with sqlite3.connect(self._path) as connection:
            connection.execute(f"CREATE TABLE SINGLE_METRICS ({COLUMNS}, value)")
            connection.execute(f"CREATE TABLE AGGREGATED_METRICS ({COLUMNS}, sample_count, sum, min, max)")

    def put(self, second: int, *values: float, endpoint: str = "shop") -> None:
        own = (
            "1",
            "here",
            "ModelLatency",
            "AWS/SageMaker",
            START.timestamp() + second,
            f"EndpointName={endpoint}\t",
            None,
        )
        with sqlite3.connect(self._path) as connection:
            rows = [(*own, value) for value in values]
            connection.executemany("INSERT INTO SINGLE_METRICS VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def put_statistics(self, second: int, count: int, low: float, high: float) -> None:
        own = ("1", "here", "ModelLatency", "AWS/SageMaker", START.timestamp() + second, "EndpointName=shop\t", None)
        with sqlite3.connect(self._path) as connection:
            row = (*own, count, count * low, low, high)
            connection.execute("INSERT INTO AGGREGATED_METRICS VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def _get_ordered_dimensions_with_separator(self, dimensions: Any) -> str | None:
        return "".join(f"{each['Name']}={each['Value']}\t" for each in dimensions) or None


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


def ask(database: Database, stat: str, scan_by: str = "TimestampAscending") -> Any:
    metric = {"Namespace": "AWS/SageMaker", "MetricName": "ModelLatency", "Dimensions": SHOP}
    get = with_percentiles(lambda *_, **__: "LocalStack's own answer")
    return get(
        database,
        account_id="1",
        region="here",
        query={"MetricStat": {"Metric": metric, "Period": 60, "Stat": stat}},
        start_time=START,
        end_time=START.replace(minute=3),
        scan_by=scan_by,
    )


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (50, 2), (90, 9), (95, 100), (99.9, 100), (100, 100)])
def test_a_percentile_is_the_lowest_value_that_so_many_do_not_exceed(percent: float, value: float) -> None:
    values = [(1.0, 1.0), (2.0, 4.0), (9.0, 4.0), (100.0, 1.0)]
    assert percentile(values, percent) == value


def test_each_period_has_the_percentile_of_its_own_values(database: Database) -> None:
    database.put(0, *range(1, 101))
    database.put(59, 1000)
    database.put(120, 7)
    database.put(121, 5000, endpoint="shop-2")
    database.put(180, 9)  # the end is exclusive
    first, last = int(START.timestamp()), int(START.timestamp()) + 120
    assert ask(database, "p95") == {"timestamps": [first, last], "values": [96, 7]}
    assert ask(database, "p99.9", "TimestampDescending") == {"timestamps": [last, first], "values": [7, 1000]}


def test_of_a_set_of_statistics_only_equal_values_count(database: Database) -> None:
    database.put_statistics(0, 10, 5.0, 5.0)
    database.put_statistics(0, 10, 1.0, 900.0)
    assert ask(database, "p50")["values"] == [5.0]


@pytest.mark.parametrize("stat", ["Average", "SampleCount", "p101", "px"])
def test_other_statistics_are_answered_by_localstack(database: Database, stat: str) -> None:
    assert ask(database, stat) == "LocalStack's own answer"
