"""A training job: its statuses, the moves between them, and the transitions that Describe shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar

FAILURE_REASON_MAX = 1024


class TrainingJobStatus(StrEnum):
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"


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


S = TrainingJobStatus
NEXT = {
    S.IN_PROGRESS: {S.IN_PROGRESS, S.COMPLETED, S.FAILED, S.STOPPING, S.STOPPED},
    S.STOPPING: {S.STOPPING, S.STOPPED, S.COMPLETED, S.FAILED},
}
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


@dataclass(frozen=True)
class Metric:
    """One entry of FinalMetricDataList."""

    name: str
    value: float
    timestamp: float


@dataclass(frozen=True)
class TrainingJob:
    kind: ClassVar[str] = "training-job"

    name: str
    arn: str
    request: dict[str, Any]
    created: float
    modified: float
    status: TrainingJobStatus = S.IN_PROGRESS
    secondary_status: SecondaryStatus = SecondaryStatus.STARTING
    transitions: tuple[Transition, ...] = ()
    started: float | None = None
    ended: float | None = None
    failure_reason: str | None = None
    model_artifacts: str | None = None
    metrics: tuple[Metric, ...] = ()
    tuning_job_arn: str | None = None

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
        return int(self.ended - self.started) if self.started and self.ended else None

    @property
    def warm_pool_status(self) -> str | None:
        """Of a job with KeepAlivePeriodInSeconds. Nothing is kept warm, so its pool ends with it."""
        if not self.request["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
            return None
        return "Terminated" if self.is_over else "InUse"

    @property
    def is_over(self) -> bool:
        return self.status not in NEXT

    @property
    def failed(self) -> bool:
        return self.status is TrainingJobStatus.FAILED

    def moved_to(
        self,
        status: TrainingJobStatus,
        secondary: SecondaryStatus,
        now: float,
        failure_reason: str | None = None,
    ) -> TrainingJob:
        """The job one step on. ValueError for a step that AWS's job would never take."""
        if status not in NEXT.get(self.status, set()):
            raise ValueError(f"training job {self.name!r} cannot go from {self.status} to {status}")
        reason = failure_reason[:FAILURE_REASON_MAX] if failure_reason else None
        over = status not in NEXT
        entry = Transition(secondary, now, now if over else None, reason or MESSAGES.get(secondary, ""))
        started = now if secondary is SecondaryStatus.DOWNLOADING and self.started is None else self.started
        return replace(
            self,
            status=status,
            secondary_status=secondary,
            modified=now,
            transitions=(*self._closed_transitions(now), entry),
            started=started,
            ended=now if over else None,
            failure_reason=reason,
        )

    def _closed_transitions(self, now: float) -> tuple[Transition, ...]:
        *earlier, last = self.transitions
        return (*earlier, last if last.end_time is not None else replace(last, end_time=now))
