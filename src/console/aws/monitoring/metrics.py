"""The distances from the baseline that monitoring schedules publish to CloudWatch, one metric for each feature.

Source: docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-interpreting-cloudwatch.html
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from console.aws.client import Aws
from console.aws.endpoints import Points

NAMESPACE = "aws/sagemaker/Endpoints/data-metrics"
PREFIX = "feature_baseline_drift_"
KEPT_S = 30.0
REACH, PERIOD_S = timedelta(days=7), 300
FEATURES_MAX = 60
"""7 days of 300 s are 2,016 points, and one call of GetMetricData returns 100,800."""


async def distances(aws: Aws, endpoint: str, schedule: str) -> dict[str, Points]:
    """Return the distance of each feature over the last week: times in seconds since 1970, and values from 0 to 1."""
    dimensions = [{"Name": "Endpoint", "Value": endpoint}, {"Name": "MonitoringSchedule", "Value": schedule}]
    listed = await aws.call("cloudwatch", "list_metrics", KEPT_S, Namespace=NAMESPACE, Dimensions=dimensions)
    names = sorted(each["MetricName"] for each in listed["Metrics"] if each["MetricName"].startswith(PREFIX))
    if not names:
        return {}
    end = datetime.now(UTC).replace(second=0, microsecond=0) + timedelta(minutes=1)
    answer = await aws.call(
        "cloudwatch",
        "get_metric_data",
        KEPT_S,
        MetricDataQueries=[_query(f"d{number}", name, dimensions) for number, name in enumerate(names[:FEATURES_MAX])],
        StartTime=end - REACH,
        EndTime=end,
        ScanBy="TimestampAscending",
    )
    by_id = {each["Id"]: each for each in answer["MetricDataResults"]}
    points = {name.removeprefix(PREFIX): _points(by_id.get(f"d{number}", {})) for number, name in enumerate(names)}
    return {name: each for name, each in points.items() if each}


def _query(key: str, name: str, dimensions: list[dict[str, str]]) -> dict[str, Any]:
    metric = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": dimensions}
    return {"Id": key, "MetricStat": {"Metric": metric, "Period": PERIOD_S, "Stat": "Maximum"}}


def _points(result: dict[str, Any]) -> Points:
    pairs = zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True)
    return tuple((time.timestamp(), float(value)) for time, value in pairs)
