"""A training job: its statuses, the moves between them, and the transitions that Describe shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

from sagemaker_emulator.resources.job import Job, JobStatus
from sagemaker_emulator.resources.moment import Moment
from sagemaker_emulator.resources.tracking.metric_summary import MetricSummary


class SecondaryStatus(StrEnum):
    STARTING = "Starting"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
    UPLOADING = "Uploading"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"
    COMPLETED = "Completed"
    FAILED = "Failed"


MESSAGES = {
    SecondaryStatus.STARTING: "Preparing the instances for training",
    SecondaryStatus.DOWNLOADING: "Downloading input data",
    SecondaryStatus.TRAINING: "Training image download completed. Training in progress.",
    SecondaryStatus.UPLOADING: "Uploading generated training model",
    SecondaryStatus.STOPPING: "Stopping the training job",
    SecondaryStatus.STOPPED: "Training job stopped",
    SecondaryStatus.MAX_RUNTIME_EXCEEDED: "Training job runtime exceeded MaxRuntimeInSeconds provided",
    SecondaryStatus.COMPLETED: "Training job completed",
}


@dataclass(frozen=True)
class Transition:
    """One entry of SecondaryStatusTransitions; times are epoch seconds."""

    status: SecondaryStatus
    start_time: float
    end_time: float | None = None
    message: str = ""
    moment: Moment | None = None


@dataclass(frozen=True)
class Metric:
    """One entry of FinalMetricDataList."""

    name: str
    value: float
    timestamp: float


@dataclass(frozen=True)
class TrainingJob(Job):
    kind: ClassVar[str] = "training-job"

    secondary_status: SecondaryStatus = SecondaryStatus.STARTING
    transitions: tuple[Transition, ...] = ()
    model_artifacts: str | None = None
    metrics: tuple[Metric, ...] = ()
    summaries: tuple[MetricSummary, ...] = ()
    tuning_job_arn: str | None = None
    training_s: float | None = None

    @classmethod
    def requested(cls, arn: str, request: dict[str, Any], now: float, tuning_job_arn: str | None = None) -> TrainingJob:
        first = Transition(SecondaryStatus.STARTING, now, message=MESSAGES[SecondaryStatus.STARTING])
        return cls(
            request["TrainingJobName"],
            arn,
            request,
            created=now,
            modified=now,
            transitions=(first,),
            tuning_job_arn=tuning_job_arn,
        )

    @property
    def training_seconds(self) -> int | None:
        """TrainingTimeInSeconds: from the start of the download to the end."""
        if self.training_s is not None:
            return int(self.training_s)
        return max(0, int(self.ended - self.started)) if self.started and self.ended else None

    def seconds_in(self, phase: SecondaryStatus) -> float | None:
        """Return the seconds since the job entered a phase; None for one that it has not entered."""
        moments = [entry.moment for entry in self.transitions if entry.status is phase and entry.moment]
        return moments[0].seconds_ago() if moments else None

    @property
    def warm_pool_status(self) -> str | None:
        """Return the warm pool's status for a job with KeepAlivePeriodInSeconds, else None.

        Nothing is kept warm, so the pool ends with its job.
        """
        if not self.request["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
            return None
        return "Terminated" if self.is_over else "InUse"

    @property
    def failed(self) -> bool:
        return self.status is JobStatus.FAILED

    def entered(self, phase: SecondaryStatus, now: float, moment: Moment | None = None) -> TrainingJob:
        """Return the job in its next phase. ValueError for one that is stopping or over: its status says so."""
        if self.status is not JobStatus.IN_PROGRESS:
            raise ValueError(f"training job {self.name!r} cannot enter {phase}: its status is {self.status}")
        started = now if phase is SecondaryStatus.DOWNLOADING and self.started is None else self.started
        return replace(
            self,
            secondary_status=phase,
            modified=now,
            transitions=(*self._closed_transitions(now), Transition(phase, now, None, MESSAGES[phase], moment)),
            started=started,
        )

    def explained(self, message: str, now: float) -> TrainingJob:
        """Return the job with another message in its last transition."""
        *earlier, last = self.transitions
        return replace(self, modified=now, transitions=(*earlier, replace(last, message=message)))

    def moved_to(
        self,
        status: JobStatus,
        now: float,
        failure_reason: str | None = None,
        secondary: SecondaryStatus | None = None,
    ) -> TrainingJob:
        """Return the job with its next status. `secondary` is needed where it is not of the same name."""
        moved = super().moved_to(status, now, failure_reason)
        secondary = secondary or SecondaryStatus(status)
        message = moved.failure_reason or MESSAGES.get(secondary, "")
        entry = Transition(secondary, now, now if moved.is_over else None, message)
        return replace(moved, secondary_status=secondary, transitions=(*self._closed_transitions(now), entry))

    def _closed_transitions(self, now: float) -> tuple[Transition, ...]:
        *earlier, last = self.transitions
        return (*earlier, replace(last, end_time=now))
