"""Statistics of a metric in each period: one query over a database as LocalStack makes it."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from localstack_plugin.cloudwatch.period_statistics import AGGREGATES, in_one_query

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
SHOP = "EndpointName=shop\tVariantName=all\t"
COMMON = "account_id, region, metric_name, namespace, timestamp, dimensions, unit, storage_resolution"


class Database:
    """A database of metrics with the tables and the methods of LocalStack's."""

    def __init__(self, folder: Path) -> None:
        self.DATABASE_LOCK = threading.RLock()
        self.METRICS_DB_READ_ONLY = f"file:{folder / 'metrics.db'}?mode=ro"
        self._connection = sqlite3.connect(folder / "metrics.db")
        self._connection.executescript(
            f"CREATE TABLE SINGLE_METRICS ({COMMON}, value NUMERIC);"
            f"CREATE TABLE AGGREGATED_METRICS ({COMMON}, sample_count NUMERIC, sum NUMERIC, min NUMERIC, max NUMERIC);"
        )

    def put(self, second: int, *values: float, dimensions: str | None = SHOP, unit: str | None = None) -> None:
        """Put a value, or a set of statistics: count, sum, minimum and maximum."""
        table = "SINGLE_METRICS" if len(values) == 1 else "AGGREGATED_METRICS"
        row = ("1", "us-east-1", "Invocations", "AWS", int(START.timestamp()) + second, dimensions, unit, None, *values)
        places = ",".join("?" * len(row))
        self._connection.execute(f"INSERT INTO {table} VALUES ({places})", row)  # noqa: S608 - constants
        self._connection.commit()

    def _convert_timestamp_to_unix(self, time: datetime) -> int:
        return int(time.timestamp())

    def _get_ordered_dimensions_with_separator(self, dimensions: list[dict[str, str]]) -> str | None:
        return "".join(f"{each['Name']}={each['Value']}\t" for each in dimensions) or None


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)


def read(
    database: Database, stat: str = "Sum", seconds: int = 180, order: str | None = "TimestampAscending", **query: Any
) -> dict[int, float]:
    """Return the value of each period that has data, by its start in seconds after START, in the answer's order."""
    dimensions = [{"Name": "EndpointName", "Value": "shop"}, {"Name": "VariantName", "Value": "all"}]
    metric = {"Namespace": "AWS", "MetricName": "Invocations", "Dimensions": query.pop("dimensions", dimensions)}
    asked = {"MetricStat": {"Metric": metric, "Period": 60, "Stat": stat, **query}}
    end = START + timedelta(seconds=seconds)
    answer = in_one_query(percentiles)(database, "1", "us-east-1", asked, START, end, order)
    starts = [time - int(START.timestamp()) for time in answer["timestamps"]]
    return dict(zip(starts, answer["values"], strict=True))


def percentiles(*_: Any) -> Any:
    """LocalStack's own method: it knows no percentile."""
    raise KeyError("p99")


def test_each_period_has_the_statistic_of_its_own_data(database: Database) -> None:
    database.put(0, 1.0)
    database.put(59, 2.0)
    database.put(60, 4.0)
    database.put(200, 8.0)
    assert read(database) == {0: 3.0, 60: 4.0}


@pytest.mark.parametrize(
    ("stat", "value"), [("Sum", 16), ("Average", 4), ("Minimum", 1), ("Maximum", 7), ("SampleCount", 4)]
)
def test_values_and_sets_of_statistics_count_together(database: Database, stat: str, value: float) -> None:
    database.put(0, 2.0)
    database.put(1, 3, 14.0, 1.0, 7.0)
    assert read(database, stat) == {0: value}


def test_every_statistic_is_tested_above() -> None:
    assert set(AGGREGATES) == {"Sum", "Average", "Minimum", "Maximum", "SampleCount"}


def test_dimensions_are_compared_whole(database: Database) -> None:
    database.put(0, 1.0, dimensions="EndpointName=shop-2\tVariantName=all\t")
    database.put(0, 1.0, dimensions=SHOP + "Zone=a\t")
    database.put(0, 1.0, dimensions=None)
    assert read(database) == {}
    assert read(database, dimensions=[]) == {0: 1.0}


def test_a_unit_in_the_query_leaves_out_other_units(database: Database) -> None:
    database.put(0, 1.0, unit="Count")
    database.put(0, 2.0)
    assert read(database) == {0: 3.0}
    assert read(database, Unit="Count") == {0: 1.0}
    assert read(database, Unit="NULL_VALUE") == {0: 2.0}


def test_the_newest_period_comes_first_unless_the_query_says_otherwise(database: Database) -> None:
    database.put(0, 1.0)
    database.put(60, 2.0)
    assert list(read(database, order=None)) == [60, 0]
    assert list(read(database)) == [0, 60]


def test_the_last_period_is_read_to_its_end(database: Database) -> None:
    database.put(119, 1.0)
    assert read(database, seconds=90) == {60: 1.0}


def test_an_empty_span_has_no_data(database: Database) -> None:
    database.put(0, 1.0)
    assert read(database, seconds=0) == {}


def test_localstack_answers_for_a_statistic_that_is_unknown_here(database: Database) -> None:
    with pytest.raises(KeyError, match="p99"):
        read(database, "p99")
