"""Monitoring schedules, their executions, and the violations that each execution found."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from console.aws.client import NAMED_S, SHORT_S, Aws
from console.errors import ConsoleError
from display.drift_figures import with_class_names

PAGE = 50
VIOLATIONS_FILE = "constraint_violations.json"
HOURLY, DAILY = "cron(0 * ? * * *)", re.compile(r"cron\(0 (\d{1,2}) \? \* \* \*\)")
DEFINITIONS = {
    "DataQuality": "describe_data_quality_job_definition",
    "ModelQuality": "describe_model_quality_job_definition",
}


@dataclass(frozen=True)
class Schedule:
    name: str
    status: str
    type: str
    endpoint: str
    changed: datetime


@dataclass(frozen=True)
class Execution:
    """A run of the analysis for one window of captured data."""

    scheduled: datetime
    status: str
    job: str
    failure: str


@dataclass(frozen=True)
class Violation:
    """A feature that is not as the baseline says."""

    feature: str
    check: str
    description: str

    def naming(self, classes: Sequence[str]) -> Violation:
        """Return the violation with the names of classes instead of their numbers."""
        feature, description = (with_class_names(each, classes) for each in (self.feature, self.description))
        return replace(self, feature=feature, description=description)


@dataclass(frozen=True)
class Alert:
    name: str
    status: str
    datapoints: int
    periods: int


@dataclass(frozen=True)
class Details:
    """A schedule, with what only DescribeMonitoringSchedule has, and the baseline of its job definition."""

    schedule: Schedule
    cron: str
    failure: str
    baseline: Mapping[str, str]

    @property
    def rhythm(self) -> str:
        """How often it runs, in words; empty for an expression other than those that Model Monitor has."""
        if not self.cron or self.cron == "NOW":
            return "once"
        if self.cron == HOURLY:
            return "every hour"
        daily = DAILY.fullmatch(self.cron)
        return f"every day at {int(daily[1]):02}:00 UTC" if daily else ""


async def schedules(aws: Aws) -> list[Schedule]:
    """Return the schedules, the newest first."""
    answer = await aws.call(
        "sagemaker",
        "list_monitoring_schedules",
        SHORT_S,
        SortBy="CreationTime",
        SortOrder="Descending",
        MaxResults=PAGE,
    )
    return [
        Schedule(
            each["MonitoringScheduleName"],
            each["MonitoringScheduleStatus"],
            each.get("MonitoringType", ""),
            each.get("EndpointName", ""),
            each["LastModifiedTime"],
        )
        for each in answer["MonitoringScheduleSummaries"]
    ]


async def described(aws: Aws, name: str) -> Details:
    """Return the schedule. Raises NotThere."""
    answer = await aws.call("sagemaker", "describe_monitoring_schedule", SHORT_S, MonitoringScheduleName=name)
    config = answer.get("MonitoringScheduleConfig", {})
    kind = answer.get("MonitoringType") or config.get("MonitoringType", "")
    schedule = Schedule(
        name, answer["MonitoringScheduleStatus"], kind, answer.get("EndpointName", ""), answer["LastModifiedTime"]
    )
    return Details(
        schedule=schedule,
        cron=config.get("ScheduleConfig", {}).get("ScheduleExpression", ""),
        failure=answer.get("FailureReason", ""),
        baseline=await _baseline(aws, kind, config),
    )


async def executions(aws: Aws, name: str) -> list[Execution]:
    """Return the executions of a schedule, the newest first."""
    answer = await aws.call(
        "sagemaker",
        "list_monitoring_executions",
        SHORT_S,
        MonitoringScheduleName=name,
        SortBy="ScheduledTime",
        SortOrder="Descending",
        MaxResults=PAGE,
    )
    return [
        Execution(
            each["ScheduledTime"],
            each["MonitoringExecutionStatus"],
            each.get("ProcessingJobArn", "").rpartition("/")[2],
            each.get("FailureReason", ""),
        )
        for each in answer["MonitoringExecutionSummaries"]
    ]


async def alerts(aws: Aws, name: str) -> list[Alert]:
    """Return the alerts of a schedule."""
    answer = await aws.call("sagemaker", "list_monitoring_alerts", SHORT_S, MonitoringScheduleName=name)
    return [
        Alert(each["MonitoringAlertName"], each["AlertStatus"], each["DatapointsToAlert"], each["EvaluationPeriod"])
        for each in answer.get("MonitoringAlertSummaries", ())
    ]


async def violations(aws: Aws, execution: Execution) -> list[Violation]:
    """Return the violations that an execution wrote to S3; none if it wrote no such file."""
    if not execution.job:
        return []
    try:
        job = await aws.call("sagemaker", "describe_processing_job", NAMED_S, ProcessingJobName=execution.job)
        outputs = job.get("ProcessingOutputConfig", {}).get("Outputs", ())
        uri = next(each["S3Output"]["S3Uri"] for each in outputs if "S3Output" in each)
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        return parsed(await aws.read_object(bucket, f"{prefix.rstrip('/')}/{VIOLATIONS_FILE}"))
    except (ConsoleError, StopIteration):
        return []  # the job was deleted, or its output was


def parsed(document: bytes) -> list[Violation]:
    """Return the violations in `constraint_violations.json`; none if it is damaged.

    Those of a model's quality name a metric instead of a feature.
    """
    try:
        entries = json.loads(document)["violations"]
        return [
            Violation(
                str(e.get("feature_name") or e["metric_name"]), str(e["constraint_check_type"]), str(e["description"])
            )
            for e in entries
        ]
    except (ValueError, LookupError, TypeError, AttributeError):
        return []


async def _baseline(aws: Aws, kind: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Return the S3 URIs of the baseline's `constraints` and `statistics`, as far as it has them."""
    definition: Mapping[str, Any] = config.get("MonitoringJobDefinition") or {}
    name, operation = config.get("MonitoringJobDefinitionName"), DEFINITIONS.get(kind)
    if name and operation:
        try:
            definition = await aws.call("sagemaker", operation, NAMED_S, JobDefinitionName=name)
        except ConsoleError:
            return {}  # deleted since
    baseline: Mapping[str, Any] = next(
        (value for key, value in definition.items() if key.endswith("BaselineConfig")), {}
    )
    resources = {"constraints": "ConstraintsResource", "statistics": "StatisticsResource"}
    return {word: baseline[key]["S3Uri"] for word, key in resources.items() if baseline.get(key, {}).get("S3Uri")}
