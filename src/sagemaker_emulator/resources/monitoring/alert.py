"""The alert of a monitoring schedule, and the transitions between its two statuses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar

from sagemaker_emulator.resources.monitoring.execution import ExecutionStatus

NAME = "default"  # AWS creates the alert with the schedule and chooses its name
FAILURES = frozenset({ExecutionStatus.COMPLETED_WITH_VIOLATIONS, ExecutionStatus.FAILED})


class AlertStatus(StrEnum):
    OK = "OK"
    IN_ALERT = "InAlert"


@dataclass(frozen=True)
class MonitoringAlert:
    """The alert of a schedule. It is InAlert while at least `datapoints_to_alert` of the last `evaluation_period`
    executions have violations or have failed.

    It is evaluated even before there are that many executions. Source: "View and edit alerts" of the Model Dashboard.
    """

    created: float
    modified: float
    name: str = NAME
    status: AlertStatus = AlertStatus.OK
    datapoints_to_alert: int = 1
    evaluation_period: int = 1

    def evaluated(self, newest_first: Sequence[ExecutionStatus], now: float) -> MonitoringAlert:
        """Return the alert after an execution; the same object if its status does not change."""
        failures = sum(status in FAILURES for status in newest_first[: self.evaluation_period])
        status = AlertStatus.IN_ALERT if failures >= self.datapoints_to_alert else AlertStatus.OK
        return self if status is self.status else replace(self, status=status, modified=now)


@dataclass(frozen=True)
class AlertTransition:
    """One entry of ListMonitoringAlertHistory."""

    kind: ClassVar[str] = "monitoring-alert-transition"

    name: str
    arn: str
    schedule_name: str
    alert_name: str
    status: AlertStatus
    created: float
