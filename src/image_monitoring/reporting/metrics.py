"""Values for CloudWatch, by the names that Model Monitor gives them, and as the lines of its container contract.

The service publishes those lines for its own schedules, in the namespaces `aws/sagemaker/Endpoints/data-metrics` and
`aws/sagemaker/Endpoints/model-metrics`. The kit's state machine publishes the metrics of `report.json`, all of them in
the first namespace.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from image_monitoring.comparison.quality import Quality
from image_monitoring.comparison.quality import metrics as quality_metrics
from image_monitoring.comparison.window import Verdict
from image_monitoring.measuring.measurement import Measurement

LOW_CONFIDENCE = 0.93


def data_metrics(
    measurement: Measurement, verdict: Verdict, violations: int, threshold: float = LOW_CONFIDENCE
) -> dict[str, float]:
    """Return the metrics of a window. `drift` is 1 or 0; a window with too few records has no such metric."""
    distances = {
        f"feature_baseline_drift_{test.feature}": test.effect for test in verdict.tests if " " not in test.feature
    }
    conclusive = {"drift": float(bool(violations))} if verdict.is_conclusive or violations else {}
    records = max(1, measurement.records)
    return {
        "records": float(measurement.records),
        "violations": float(violations),
        "unreadable_images": measurement.unreadable_images / records,
        "low_confidence": measurement.low_confidence_share(threshold),
        **conclusive,
        **distances,
    }


def model_metrics(quality: Quality) -> dict[str, float]:
    shares = {name: share.value for name, share in quality_metrics(quality.confusion).items()}
    if not shares:
        return {}
    return {**shares, "labeled_records": float(quality.confusion.items), "calibration": quality.calibration_error}


def metric_data(metrics: Mapping[str, float], endpoint: str, schedule: str) -> list[dict[str, Any]]:
    """Return the metrics as PutMetricData takes them."""
    names = {"Endpoint": endpoint, "MonitoringSchedule": schedule}
    dimensions = [{"Name": name, "Value": value} for name, value in names.items() if value]
    return [{"MetricName": name, "Dimensions": dimensions, "Value": value} for name, value in metrics.items()]


def write_lines(path: Path, data: Sequence[Mapping[str, Any]], time: datetime) -> None:
    """Write metric data in the form that a monitoring container hands to the service."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ({**item, "Timestamp": f"{time:%Y-%m-%dT%H:%M:%SZ}"} for item in data)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
