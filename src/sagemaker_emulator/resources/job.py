"""The fields that all kinds of jobs share, AWS's five statuses, and the moves between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Self

from safety.plain_text import plain

TEXT_MAX = 1024


class JobStatus(StrEnum):
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


S = JobStatus
NEXT = {
    S.IN_PROGRESS: {S.COMPLETED, S.FAILED, S.STOPPING, S.STOPPED},
    S.STOPPING: {S.STOPPED, S.COMPLETED, S.FAILED},
}


@dataclass(frozen=True)
class Job:
    """One job; times are epoch seconds."""

    kind: ClassVar[str]

    name: str
    arn: str
    request: dict[str, Any]
    created: float
    modified: float
    status: JobStatus = S.IN_PROGRESS
    started: float | None = None
    ended: float | None = None
    failure_reason: str | None = None

    @property
    def is_over(self) -> bool:
        return self.status not in NEXT

    def begun(self, now: float) -> Self:
        """Return the job as its containers start."""
        return replace(self, started=now, modified=now)

    def moved_to(self, status: JobStatus, now: float, failure_reason: str | None = None) -> Self:
        """Return the job with its next status. ValueError for a move that no job on AWS makes."""
        if status not in NEXT.get(self.status, set()):
            raise ValueError(f"{self.kind} {self.name!r} cannot go from {self.status} to {status}")
        reason = plain(failure_reason)[:TEXT_MAX] if failure_reason else None
        ended = None if status in NEXT else now
        return replace(self, status=status, modified=now, ended=ended, failure_reason=reason)
