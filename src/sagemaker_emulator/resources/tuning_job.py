"""A hyperparameter tuning job, its trials, and their results so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sagemaker_emulator.resources.job import Job, JobStatus
from sagemaker_emulator.resources.moment import Moment
from sagemaker_emulator.resources.training_job import TrainingJob


@dataclass(frozen=True)
class Trial:
    """One training job of a tuning job, and its hyperparameters."""

    training_job: str
    parameters: dict[str, str]


@dataclass(frozen=True)
class Objective:
    """The metric that decides which trial is best."""

    type: str
    metric: str

    @classmethod
    def from_request(cls, wire: dict[str, Any]) -> Objective:
        return cls(wire["Type"], wire["MetricName"])

    def better(self, one: float, other: float) -> bool:
        return one > other if self.type == "Maximize" else one < other


@dataclass(frozen=True)
class TuningJob(Job):
    kind: ClassVar[str] = "hyper-parameter-tuning-job"

    trials: tuple[Trial, ...] = ()
    created_moment: Moment | None = None

    @property
    def config(self) -> dict[str, Any]:
        config: dict[str, Any] = self.request["HyperParameterTuningJobConfig"]
        return config

    @property
    def definition(self) -> dict[str, Any]:
        definition: dict[str, Any] = self.request["TrainingJobDefinition"]
        return definition

    @property
    def limits(self) -> dict[str, Any]:
        limits: dict[str, Any] = self.config["ResourceLimits"]
        return limits

    @property
    def objective(self) -> Objective:
        return Objective.from_request(self.config["HyperParameterTuningJobObjective"])


@dataclass(frozen=True)
class Result:
    """A trial, its training job as it is now, and the objective's value, None until there is one."""

    trial: Trial
    job: TrainingJob
    value: float | None

    @classmethod
    def of(cls, trial: Trial, job: TrainingJob, objective: Objective) -> Result:
        values = [metric.value for metric in job.metrics if metric.name == objective.metric]
        return cls(trial, job, values[-1] if values and job.is_over else None)

    @property
    def succeeded(self) -> bool:
        return self.job.status is JobStatus.COMPLETED and self.value is not None

    @property
    def objective_status(self) -> str:
        if not self.job.is_over:
            return "Pending"
        return "Succeeded" if self.succeeded else "Failed"


def best_of(results: Sequence[Result], objective: Objective) -> Result | None:
    """Return the best trial that succeeded, the first of several; None if there is none."""
    best: Result | None = None
    for result in results:
        if not result.succeeded or result.value is None:
            continue
        if best is None or best.value is None or objective.better(result.value, best.value):
            best = result
    return best
