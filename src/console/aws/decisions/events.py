"""Events: the jobs and executions of the overview and of the failures, in one form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from console.aws.state_machines import ExecutionSummary
from console.aws.training.jobs import JobSummary

FAILED = ("Failed", "FAILED", "TIMED_OUT")


@dataclass(frozen=True)
class Event:
    """Something that started or ended."""

    time: datetime
    kind: str
    name: str
    path: str
    status: str
    seconds: float | None = None
    machine: str = ""
    """The state machine of an execution."""
    pipeline: str = ""
    """The SageMaker pipeline of an execution of one."""
    found: tuple[str, str] = ("", "")
    """What a run of the monitor found: the status whose tone it has, and words."""

    @property
    def list_path(self) -> str:
        """The path of the list that has it, without a filter."""
        if self.pipeline:
            return f"/pipelines/{self.pipeline}"
        return f"/state-machines/{self.machine}" if self.machine else "/training-jobs"

    @property
    def has_failed(self) -> bool:
        return self.status in FAILED


def of_job(row: JobSummary) -> Event:
    return Event(
        row.ended or row.created, "training job", row.name, f"/training-jobs/{row.name}", row.status, row.seconds
    )


def of_execution(row: ExecutionSummary) -> Event:
    return Event(
        (row.ended or row.started).astimezone(UTC),
        f"execution of {row.machine}",
        row.name,
        f"/executions/{row.machine}/{row.name}",
        row.status,
        row.seconds,
        row.machine,
    )
