"""The checks of CreateMonitoringSchedule, UpdateMonitoringSchedule and the Create…JobDefinition operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.aws_clients.execution_roles import ExecutionRoles
from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.monitoring.job import MonitoringJob
from sagemaker_emulator.monitoring.schedule_expressions import DAY_HOURS, NOW, ExpressionError, Recurrence, daily_at
from sagemaker_emulator.monitoring.windows import Offsets, WindowError
from sagemaker_emulator.resources.image_region import other_region
from sagemaker_emulator.resources.monitoring.job_definition import MonitoringType

DAY_S = 86_400


@dataclass(frozen=True)
class ScheduleRequest:
    """MonitoringScheduleConfig, parsed. `recurrence` is None for NOW."""

    config: dict[str, Any]
    job: MonitoringJob
    definition_name: str | None
    expression: str
    recurrence: Recurrence | None
    offsets: Offsets

    @classmethod
    def parse(
        cls, config: dict[str, Any], job_of: Callable[[MonitoringType, str], MonitoringJob], now: float
    ) -> ScheduleRequest:
        """Parse the request; raise ValidationException for what AWS refuses. `job_of` returns a definition's job."""
        job, definition_name = _job(config, job_of)
        schedule = config.get("ScheduleConfig", {})
        hour = datetime.fromtimestamp(now, UTC).hour
        expression = schedule.get("ScheduleExpression", daily_at((hour + 1) % DAY_HOURS))  # AWS, too, picks a time
        try:
            recurrence = None if expression == NOW else Recurrence.parse(expression)
            offsets = Offsets.of(schedule, job.endpoint_input)
        except (ExpressionError, WindowError) as error:
            raise validation(f"{error}.") from error
        job.require_period(recurrence.shortest_period_s if recurrence else DAY_S)
        return cls(config, job, definition_name, expression, recurrence, offsets)

    def first_due(self, now: float) -> float:
        return now if self.recurrence is None else self.recurrence.due_after(now)


def require_runnable(job: MonitoringJob, region: str, roles: ExecutionRoles) -> None:
    """Raise ValidationException for a job that could never run: by its role, its image's region or its output's URI."""
    if not job.endpoint_input and not job.is_batch:
        raise validation("The job input needs an EndpointInput or a BatchTransformInput.")
    image = job.application["ImageUri"]
    if elsewhere := other_region(image, region):
        raise validation(f"Invalid region {elsewhere} in image URI {image}. Please provide an image URI in {region}.")
    cluster = job.resources["ClusterConfig"]
    require_quota(cluster["InstanceType"], cluster["InstanceCount"], "processing job")
    try:
        S3Location.parse(job.output["S3Uri"])
    except ValueError as error:
        raise validation(f"MonitoringOutputs: {error}.") from error
    roles.require(job.role_arn)


def _job(
    config: dict[str, Any], job_of: Callable[[MonitoringType, str], MonitoringJob]
) -> tuple[MonitoringJob, str | None]:
    name, inline = config.get("MonitoringJobDefinitionName"), config.get("MonitoringJobDefinition")
    if (name is None) == (inline is None):
        raise validation("Exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName is required.")
    if inline is not None:
        type_ = MonitoringType(config.get("MonitoringType", MonitoringType.DATA_QUALITY))
        return MonitoringJob.from_schedule(type_, inline), None
    if "MonitoringType" not in config:
        raise validation("MonitoringType is required with MonitoringJobDefinitionName.")
    return job_of(MonitoringType(config["MonitoringType"]), str(name)), name
