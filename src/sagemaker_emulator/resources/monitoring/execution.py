"""One execution of a monitoring schedule: the analysis of one window of captured data."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from safety.plain_text import plain

FAILURE_REASON_MAX = 1024


class ExecutionStatus(StrEnum):
    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    COMPLETED_WITH_VIOLATIONS = "CompletedWithViolations"
    FAILED = "Failed"
    STOPPED = "Stopped"


E = ExecutionStatus
ENDS = {E.COMPLETED, E.COMPLETED_WITH_VIOLATIONS, E.FAILED, E.STOPPED}
NEXT = {E.PENDING: {E.IN_PROGRESS, E.FAILED}, E.IN_PROGRESS: ENDS}


@dataclass(frozen=True)
class MonitoringExecution:
    """One execution. `scheduled` is the time that the schedule names, in epoch seconds; `started_by` is its ARN.

    `config` is the schedule's configuration when it fired, so that a later update does not change this execution.
    `window_start` and `window_end` bound the captured data, in epoch seconds.
    """

    kind: ClassVar[str] = "monitoring-execution"

    name: str
    arn: str
    schedule_name: str
    started_by: str
    config: dict[str, Any]
    monitoring_type: str
    endpoint_name: str
    definition_name: str | None
    scheduled: float
    window_start: float
    window_end: float
    created: float
    modified: float
    status: ExecutionStatus = E.PENDING
    processing_job_arn: str | None = None
    failure_reason: str | None = None

    @property
    def is_over(self) -> bool:
        return self.status not in NEXT

    def running(self, processing_job_arn: str, now: float) -> MonitoringExecution:
        """Return the execution with a processing job of its own under way."""
        moved = self if self.status is E.IN_PROGRESS else self.moved_to(E.IN_PROGRESS, now)
        return replace(moved, processing_job_arn=processing_job_arn, modified=now)

    def moved_to(self, status: ExecutionStatus, now: float, failure_reason: str | None = None) -> MonitoringExecution:
        """Return the execution with its next status. Raises ValueError for a move that AWS does not have."""
        if status not in NEXT.get(self.status, set()):
            raise ValueError(f"monitoring execution {self.name!r} cannot go from {self.status} to {status}")
        reason = plain(failure_reason)[:FAILURE_REASON_MAX] if failure_reason else None
        return replace(self, status=status, modified=now, failure_reason=reason)
