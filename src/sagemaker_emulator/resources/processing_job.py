"""A processing job: a program that reads and writes files. One that a monitoring schedule started names it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from sagemaker_emulator.resources.job import TEXT_MAX, Job


@dataclass(frozen=True)
class ProcessingJob(Job):
    kind: ClassVar[str] = "processing-job"

    exit_message: str | None = None
    monitoring_schedule_arn: str | None = None

    def with_exit_message(self, exit_message: str | None) -> ProcessingJob:
        """Return the job with what its program wrote into /opt/ml/output/message."""
        return replace(self, exit_message=exit_message[:TEXT_MAX] if exit_message else None)
