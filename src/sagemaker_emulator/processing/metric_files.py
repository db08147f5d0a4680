"""Metrics that the container of a monitoring schedule leaves for CloudWatch, in /opt/ml/output/metrics/cloudwatch.

The files have PutMetricData's data as JSON, one after another, mostly one a line. Source: "CloudWatch Metrics" of the
custom containers of Model Monitor. The container names no namespace: the platform does.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from safety.left_files import entries_below
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS

METRICS_FOLDER = ("output", "metrics", "cloudwatch")
DATA_MAX = 100  # in one PutMetricData, well below CloudWatch's limit of 1000
FILE_MAX_BYTES = 4 << 20
MEMBERS = ("MetricName", "Timestamp", "Dimensions", "Unit")
STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum")
DATA_QUALITY, MODEL_QUALITY = "aws/sagemaker/Endpoints/data-metrics", "aws/sagemaker/Endpoints/model-metrics"

log = logging.getLogger(__name__)


def metric_namespace(environment: Mapping[str, str]) -> str:
    """Return AWS's namespace for the metrics of a job with these variables."""
    return MODEL_QUALITY if environment.get("analysis_type") == "MODEL_QUALITY" else DATA_QUALITY


def publish_metrics(cloudwatch: Any, namespace: str, base_dir: Path) -> None:
    """Send the metrics that a container left. What cannot be read or sent is logged and left out."""
    data = list(_left_data(base_dir))
    for start in range(0, len(data), DATA_MAX):
        try:
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=data[start : start + DATA_MAX])
        except AWS_ERRORS as error:
            log.warning("%d metrics did not reach CloudWatch: %s", len(data) - start, error)
            return


def _left_data(base_dir: Path) -> Iterator[dict[str, Any]]:
    for entry in entries_below(base_dir, METRICS_FOLDER):
        if not entry.is_file:
            continue
        with entry.open() as file:
            text = file.read(FILE_MAX_BYTES).decode(errors="replace")
        try:
            yield from metric_data(text)
        except ValueError as error:
            log.warning("the metrics in %s cannot be read: %s", entry.name, error)


def metric_data(text: str) -> Iterator[dict[str, Any]]:
    """Yield the data of JSON documents that follow one another. ValueError at the first that is no datum."""
    decoder, rest = json.JSONDecoder(), text.lstrip()
    while rest:
        document, end = decoder.raw_decode(rest)
        yield _datum(document)
        rest = rest[end:].lstrip()


def _datum(document: Any) -> dict[str, Any]:
    if not isinstance(document, dict) or not isinstance(document.get("MetricName"), str):
        raise ValueError(f"a metric is an object with a MetricName, not {str(document)[:100]}")
    datum = {name: document[name] for name in MEMBERS if name in document}
    if isinstance(document.get("StatisticValues"), dict):
        return {**datum, "StatisticValues": {name: _number(document["StatisticValues"], name) for name in STATISTICS}}
    return {**datum, "Value": _number(document, "Value")}


def _number(document: Mapping[str, Any], name: str) -> float:
    value = document.get(name)
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{name} is not a finite number: {str(value)[:100]}")
    return float(value)
