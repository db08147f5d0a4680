"""Metrics for CloudWatch, by the names that Model Monitor gives them.

Source: "CloudWatch Metrics" of the developer guide: `feature_data_…` with statistics, `feature_non_null_…` and
`feature_baseline_drift_…`; metrics of model quality have their own names. Dimensions: Endpoint, MonitoringSchedule.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from image_monitoring.contract import Contract
from image_monitoring.tabular.columns import Profile


def data_lines(profile: Profile, distances: Mapping[str, float]) -> Iterator[dict[str, Any]]:
    for name, column in profile.columns.items():
        if column.numbers:
            values = {
                "SampleCount": column.numbers,
                "Sum": column.total,
                "Minimum": column.low,
                "Maximum": column.high,
            }
            yield {"MetricName": f"feature_data_{name}", "StatisticValues": values}
        present = {
            "SampleCount": profile.rows,
            "Sum": column.present,
            "Minimum": int(not profile.missing(name)),
            "Maximum": int(column.present > 0),
        }
        yield {"MetricName": f"feature_non_null_{name}", "StatisticValues": present}
    for name, distance in distances.items():
        yield {"MetricName": f"feature_baseline_drift_{name}", "Value": distance}


def quality_lines(statistics: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in statistics.items():
        if isinstance(value, Mapping) and isinstance(value.get("value"), float):
            yield {"MetricName": name, "Value": value["value"]}


def write_lines(contract: Contract, lines: Iterator[dict[str, Any]]) -> None:
    """Write the lines where SageMaker's platform takes them from."""
    time = contract.time("metric_time") or contract.time("end_time") or datetime.now(timezone.utc)
    names = {"Endpoint": contract.endpoint, "MonitoringSchedule": contract.schedule}
    common = {
        "Timestamp": f"{time:%Y-%m-%dT%H:%M:%SZ}",
        "Dimensions": [{"Name": name, "Value": value} for name, value in names.items() if value],
    }
    contract.metrics_file.parent.mkdir(parents=True, exist_ok=True)
    with contract.metrics_file.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({**line, **common}) + "\n" for line in lines)
