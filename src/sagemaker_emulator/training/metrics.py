"""Metrics, read from the log by MetricDefinitions or those of a built-in image, for Describe and CloudWatch."""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from types import TracebackType
from typing import Any

import regex

from safety.bounded_search import BoundedSearch
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS
from sagemaker_emulator.errors import validation
from sagemaker_emulator.frameworks.image_names import PRIVATE_REGISTRY
from sagemaker_emulator.resources.tracking.metric_summary import VALUE_MAX, MetricSummary, RunningSummary
from sagemaker_emulator.resources.training_job import Metric

XGBOOST_METRICS = (
    *("accuracy", "auc", "aucpr", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "map", "ndcg", "precision", "r2"),
    *("recall", "precision_macro", "precision_micro", "recall_macro", "recall_micro", "aft-nloglik", "cox-nloglik"),
    *("error", "gamma-deviance", "gamma-nloglik", "interval-regression-accuracy", "logloss", "mae", "mape", "merror"),
    *("mlogloss", "mphe", "mse", "poisson-nloglik", "rmse", "rmsle", "tweedie-nloglik"),
)
NUMBER = r"([-+]?[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?)"
XGBOOST = {  # as DescribeTrainingJob of AWS shows them
    f"{data}:{metric}": rf".*\[[0-9]+\].*#011{data}-{metric}:{NUMBER}.*"
    for data in ("train", "validation")
    for metric in XGBOOST_METRICS
}
BUILT_IN = {
    "image-classification": {
        "train:accuracy": r"Epoch\[\d+\] Train-accuracy=(\S+)",
        "validation:accuracy": r"Epoch\[\d+\] Validation-accuracy=(\S+)",
    },
    "sagemaker-xgboost": XGBOOST,
    "xgboost": XGBOOST,
}
BUILT_IN_IMAGE = re.compile(rf"{PRIVATE_REGISTRY}([\w-]+)[:@].+")
TAB = "#011"
NAMESPACE = "/aws/sagemaker/TrainingJobs"
PERIOD_S = 2.0
DATA_MAX = 100
FLOOD_PAUSE_S = 0.05
UNSENT_MAX = 10_000  # between two deliveries

log = logging.getLogger(__name__)


@dataclass
class MetricReader:
    """A reader of metrics in log lines; the last value of each metric is its final one."""

    patterns: Mapping[str, re.Pattern[str]]
    latest: dict[str, Metric] = field(default_factory=dict)
    running: defaultdict[str, RunningSummary] = field(default_factory=lambda: defaultdict(RunningSummary))
    unsent: deque[Metric] = field(default_factory=lambda: deque(maxlen=UNSENT_MAX))  # the oldest are dropped

    def read(self, line: str, now: float, is_new: bool = True) -> None:
        """Read a line. One that is not new was read by an earlier emulator: CloudWatch has its values already.

        AWS's log agent writes a tab as #011, so that is what metric definitions have, XGBoost's own for example.
        """
        line = line.replace("\t", TAB)
        searches = self._searches if TAB in line else self._searches_without_tab
        for name, search in searches.items():
            if match := search.find(line):
                self._record(name, match, now, is_new)

    @cached_property
    def _searches(self) -> dict[str, BoundedSearch]:
        return {name: BoundedSearch(pattern, regex.compile) for name, pattern in self.patterns.items()}

    @cached_property
    def _searches_without_tab(self) -> dict[str, BoundedSearch]:
        """Return those that a line without a tab may match: none of XGBoost's 66, most of the time."""
        return {name: search for name, search in self._searches.items() if TAB not in self.patterns[name].pattern}

    def summaries(self) -> tuple[MetricSummary, ...]:
        """Return the summaries of all values of each metric."""
        return tuple(running.summary(name) for name, running in self.running.items())

    def taken(self) -> list[Metric]:
        """Return the values since the last call."""
        return [self.unsent.popleft() for _ in range(len(self.unsent))]

    def _record(self, name: str, match: re.Match[str], now: float, is_new: bool) -> None:
        try:
            value = float(match[1] if match.re.groups else match[0])
        except (TypeError, ValueError):
            return  # AWS drops a match that is not a number; an optional group may not have matched
        if math.isfinite(value):
            self.latest[name] = Metric(name, value, now)
            if abs(value) <= VALUE_MAX:
                self.running[name].add(value, now)
            if is_new:
                self.unsent.append(self.latest[name])


class MetricStream:
    """The metrics on their way to CloudWatch, during a `with` block: each value once, by TrainingJobName."""

    def __init__(self, cloudwatch: Any, job_name: str, reader: MetricReader) -> None:
        self._cloudwatch, self._job_name, self._reader = cloudwatch, job_name, reader
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"metrics of {job_name}", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(PERIOD_S):
            self._send()
        self._send()

    def _send(self) -> None:
        metrics = self._reader.taken()
        for start in range(0, len(metrics), DATA_MAX):
            data = [self._datum(metric) for metric in metrics[start : start + DATA_MAX]]
            try:
                self._cloudwatch.put_metric_data(Namespace=NAMESPACE, MetricData=data)
            except AWS_ERRORS as error:
                log.warning("%d metrics of %s did not reach CloudWatch: %s", len(data), self._job_name, error)
            if len(data) == DATA_MAX:  # a flood: preparing its requests must not keep the server from answering
                time.sleep(FLOOD_PAUSE_S)

    def _datum(self, metric: Metric) -> dict[str, Any]:
        return {
            "MetricName": metric.name,
            "Dimensions": [{"Name": "TrainingJobName", "Value": self._job_name}],
            "Timestamp": datetime.fromtimestamp(metric.timestamp, UTC),
            "Value": metric.value,
        }


def patterns_of(algorithm: dict[str, Any]) -> dict[str, re.Pattern[str]]:
    """Return the regular expressions of an AlgorithmSpecification. ValidationException for one that is invalid."""
    try:
        return {name: re.compile(regex) for name, regex in metric_definitions(algorithm).items()}
    except re.error as error:
        raise validation(f"Invalid MetricDefinitions regex {error.pattern!r}: {error}") from error


def metric_definitions(algorithm: dict[str, Any]) -> dict[str, str]:
    """Return the regular expressions of an AlgorithmSpecification, those of a built-in image included, by name."""
    return {
        **_built_in(algorithm),
        **{entry["Name"]: entry["Regex"] for entry in algorithm.get("MetricDefinitions", ())},
    }


def _built_in(algorithm: dict[str, Any]) -> dict[str, str]:
    match = BUILT_IN_IMAGE.fullmatch(algorithm.get("TrainingImage", ""))
    return BUILT_IN.get(match[1], {}) if match else {}
