"""A batch transform job: a model's predictions for the records of files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sagemaker_emulator.resources.job import Job


@dataclass(frozen=True)
class TransformJob(Job):
    kind: ClassVar[str] = "transform-job"
