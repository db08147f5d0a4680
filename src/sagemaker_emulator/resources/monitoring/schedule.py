"""A monitoring schedule: its configuration, its next time and its alert."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from sagemaker_emulator.resources.monitoring.alert import MonitoringAlert


class ScheduleStatus(StrEnum):
    PENDING = "Pending"
    SCHEDULED = "Scheduled"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class MonitoringSchedule:
    """One schedule. `config` is MonitoringScheduleConfig; `expression` its ScheduleExpression, or the chosen default.

    `next_due` is the next time that the schedule names, in epoch seconds. It is None for a stopped schedule, and for
    NOW after its only execution.
    """

    kind: ClassVar[str] = "monitoring-schedule"

    name: str
    arn: str
    config: dict[str, Any]
    expression: str
    monitoring_type: str
    endpoint_name: str
    definition_name: str | None
    created: float
    modified: float
    alert: MonitoringAlert
    status: ScheduleStatus = ScheduleStatus.PENDING
    next_due: float | None = None

    @property
    def is_stopped(self) -> bool:
        return self.status is ScheduleStatus.STOPPED

    def accepted(self) -> MonitoringSchedule:
        """Return the schedule when it is known to the scheduler."""
        return replace(self, status=ScheduleStatus.SCHEDULED) if self.status is ScheduleStatus.PENDING else self

    def stopped(self, now: float) -> MonitoringSchedule:
        return replace(self, status=ScheduleStatus.STOPPED, next_due=None, modified=now)

    def started(self, next_due: float, now: float) -> MonitoringSchedule:
        return replace(self, status=ScheduleStatus.SCHEDULED, next_due=next_due, modified=now)

    def alerting(self, alert: MonitoringAlert) -> MonitoringSchedule:
        """Return the schedule with its alert in another state."""
        return replace(self, alert=alert)
