"""An execution of a pipeline, and of each of its steps: their statuses, and the moves between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar

from safety.plain_text import plain
from sagemaker_emulator.resources.moment import Moment

EXECUTION_REASON_MAX = 1300
STEP_REASON_MAX = 1024


class ExecutionStatus(StrEnum):
    EXECUTING = "Executing"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"
    SUCCEEDED = "Succeeded"


class StepStatus(StrEnum):
    STARTING = "Starting"
    EXECUTING = "Executing"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    FAILED = "Failed"
    SUCCEEDED = "Succeeded"


E, S = ExecutionStatus, StepStatus
NEXT_OF_EXECUTION = {
    E.EXECUTING: {E.STOPPING, E.FAILED, E.SUCCEEDED},
    E.STOPPING: {E.STOPPED, E.FAILED},
    E.FAILED: {E.EXECUTING},  # RetryPipelineExecution
    E.STOPPED: {E.EXECUTING},
}
ENDS = frozenset({S.STOPPED, S.FAILED, S.SUCCEEDED})
NEXT_OF_STEP = {
    S.STARTING: {S.EXECUTING, *ENDS},
    S.EXECUTING: {S.STOPPING, *ENDS},
    S.STOPPING: ENDS,
    S.FAILED: {S.STARTING},  # RetryPipelineExecution
    S.STOPPED: {S.STARTING},
}


@dataclass(frozen=True)
class PipelineExecution:
    """One execution. `parameters` are those that the request names; `selected` is empty where all steps run."""

    kind: ClassVar[str] = "pipeline-execution"

    name: str
    arn: str
    created: float
    modified: float
    pipeline: str
    pipeline_arn: str
    version: int
    role_arn: str
    display_name: str
    client_token: str
    parameters: dict[str, str] = field(default_factory=dict)
    description: str | None = None
    parallelism: int | None = None
    selected: tuple[str, ...] = ()
    source_arn: str | None = None
    status: ExecutionStatus = E.EXECUTING
    previous_status: ExecutionStatus | None = None
    failure_reason: str | None = None
    ended: float | None = None
    retry_token: str | None = None

    @property
    def is_over(self) -> bool:
        return self.status not in (E.EXECUTING, E.STOPPING)

    def moved_to(self, status: ExecutionStatus, now: float, failure_reason: str | None = None) -> PipelineExecution:
        """Return the execution with its next status. ValueError for a move that no execution on AWS makes."""
        if status not in NEXT_OF_EXECUTION.get(self.status, set()):
            raise ValueError(f"pipeline execution {self.name!r} cannot go from {self.status} to {status}")
        moved = replace(
            self,
            status=status,
            previous_status=self.status,
            modified=now,
            failure_reason=plain(failure_reason)[:EXECUTION_REASON_MAX] if failure_reason else None,
        )
        return replace(moved, ended=now if moved.is_over else None)


@dataclass(frozen=True)
class Answer:
    """What SendPipelineExecutionStepSuccess or Failure says: the outputs, or why the step failed."""

    outputs: dict[str, str] = field(default_factory=dict)
    failure_reason: str | None = None


@dataclass(frozen=True)
class StepExecution:
    """One step of an execution. The record's name is `<execution id>/<step>`.

    `resource_name` is chosen and stored before the resource of that name is created, so that no kill of the emulator
    can lead to a second one; it is None while an attempt is due or waits for its time. For a callback it is the token.
    `metadata` and `properties` are in AWS's form: what ListPipelineExecutionSteps shows, and what other steps refer to.
    """

    kind: ClassVar[str] = "pipeline-execution-step"

    name: str
    arn: str
    created: float
    modified: float
    pipeline: str
    pipeline_arn: str
    execution_arn: str
    step: str
    type: str
    display_name: str | None = None
    description: str | None = None
    status: StepStatus = S.STARTING
    previous_status: StepStatus | None = None
    started: float | None = None
    ended: float | None = None
    attempts: int = 1
    failures: int = 0  # since the execution was started or retried: retry policies count them
    first_failure: Moment | None = None
    last_failure: Moment | None = None
    pause_s: float = 0.0  # from the last failure to the next attempt
    resource_name: str | None = None
    answer: Answer | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)
    failure_reason: str | None = None
    cache_key: str | None = None
    cached_from: str | None = None  # the ARN of an execution, as in the next field
    selected_from: str | None = None

    @property
    def is_over(self) -> bool:
        return self.status in ENDS

    @property
    def is_due(self) -> bool:
        """Return whether the next attempt may begin now."""
        return self.last_failure is None or self.last_failure.seconds_ago() >= self.pause_s

    def moved_to(self, status: StepStatus, now: float, failure_reason: str | None = None) -> StepExecution:
        """Return the step with its next status. ValueError for a move that no step on AWS makes."""
        if status not in NEXT_OF_STEP.get(self.status, set()):
            raise ValueError(f"step {self.name!r} cannot go from {self.status} to {status}")
        return replace(
            self,
            status=status,
            previous_status=self.status,
            modified=now,
            started=self.started or now,
            ended=now if status in ENDS else None,
            failure_reason=plain(failure_reason)[:STEP_REASON_MAX] if failure_reason else None,
        )

    def planned(self, resource_name: str, cache_key: str | None) -> StepExecution:
        """Return the step with the name of what its attempt will create."""
        return replace(self, resource_name=resource_name, cache_key=cache_key)

    def to_be_tried_again(self, pause_s: float) -> StepExecution:
        """Return the step after a failure that a retry policy covers: another attempt is due in `pause_s`."""
        now = Moment.now()
        return replace(
            self,
            attempts=self.attempts + 1,
            failures=self.failures + 1,
            first_failure=self.first_failure or now,
            last_failure=now,
            pause_s=pause_s,
            resource_name=None,
            answer=None,
        )

    def retried(self, now: float) -> StepExecution:
        """Return the step as RetryPipelineExecution starts it again."""
        begun = replace(self.moved_to(S.STARTING, now), started=None, metadata={}, properties={})
        again = begun.to_be_tried_again(0.0)
        return replace(again, failures=0, first_failure=None, last_failure=None)
