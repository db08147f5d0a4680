"""GetMetricStatistics of CloudWatch: percentiles, and AWS's errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError

NAMESPACE = f"shop-{uuid4().hex[:8]}"
START = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)


def ask(**statistics: Any) -> list[dict[str, Any]]:
    answer = boto3.client("cloudwatch").get_metric_statistics(
        Namespace=NAMESPACE,
        MetricName="Latency",
        StartTime=START,
        EndTime=START + timedelta(minutes=4),
        Period=60,
        **statistics,
    )
    return sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])


@pytest.fixture(scope="module", autouse=True)
def latencies() -> None:
    for minute, values in enumerate(([*range(1, 101)], [7.0])):
        entry = {
            "MetricName": "Latency",
            "Timestamp": START + timedelta(minutes=minute),
            "Values": list(map(float, values)),
            "Unit": "Milliseconds",
        }
        boto3.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=[entry])


def test_percentiles_are_extended_statistics_of_each_period() -> None:
    points = ask(ExtendedStatistics=["p50", "p99.9"])
    assert [point["ExtendedStatistics"] for point in points] == [{"p50": 50, "p99.9": 100}, {"p50": 7, "p99.9": 7}]
    assert [(point["Timestamp"], point["Unit"]) for point in points] == [
        (START, "Milliseconds"),
        (START + timedelta(minutes=1), "Milliseconds"),
    ]
    assert "Average" not in points[0]


def test_a_call_stores_values_counts_and_statistics() -> None:
    data: list[dict[str, Any]] = [
        {"Values": [1.0, 2.0], "Counts": [3.0, 1.0]},
        {"Value": 0.5},
        {"StatisticValues": {"SampleCount": 2, "Sum": 10, "Minimum": 4, "Maximum": 6}},
    ]
    moment = START + timedelta(minutes=3)
    entries = [{"MetricName": "Latency", "Timestamp": moment, "Unit": "Seconds", **datum} for datum in data]
    boto3.client("cloudwatch").put_metric_data(Namespace=NAMESPACE, MetricData=entries)
    (point,) = ask(Statistics=["SampleCount", "Sum", "Minimum", "Maximum"], Unit="Seconds")
    assert [point[each] for each in ("SampleCount", "Sum", "Minimum", "Maximum")] == [7, 15.5, 0.5, 6]


@pytest.mark.parametrize("statistics", [{}, {"Statistics": ["Sum"], "ExtendedStatistics": ["p95"]}])
def test_both_kinds_of_statistics_or_neither_are_refused(statistics: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as refused:
        ask(**statistics)
    assert refused.value.response["Error"]["Code"] == "InvalidParameterCombination"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
