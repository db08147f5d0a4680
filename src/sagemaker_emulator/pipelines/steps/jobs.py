"""Steps that run a job of SageMaker: Training, Processing, Transform and Tuning."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from sagemaker_emulator.experiments.service import Tracking
from sagemaker_emulator.jobs.job_threads import ABANDONED
from sagemaker_emulator.pipelines.definitions.arguments import request_of
from sagemaker_emulator.pipelines.definitions.retry_policies import CAPACITY_ERROR, INTERNAL_ERROR, INTERRUPTED
from sagemaker_emulator.pipelines.steps.progress import (
    FAILED_BY_CLIENT,
    Progress,
    StepCall,
    executing,
    failed,
    succeeded,
)
from sagemaker_emulator.resources.job import Job, JobStatus
from sagemaker_emulator.resources.model_building.execution import StepStatus
from sagemaker_emulator.resources.tracking.experiment import Source
from sagemaker_emulator.wire import AwsError

PIPELINE, EXECUTION = "SageMakerPipeline", "SageMakerPipelineExecution"
DELETED = "ClientError: The job {name} was deleted while the step was executing."


class JobService(Protocol):
    """The methods of a service for jobs that a step needs."""

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> Job: ...
    def find(self, name: str) -> Job | None: ...
    def stop(self, name: str) -> None: ...


@dataclass(frozen=True)
class JobAction:
    """One kind of job. `describe` returns the answer of its Describe operation, which other steps refer to.

    `retries_internally` is true for tuning jobs: AWS does not retry them after an internal error, because they retry
    their own training jobs. `tracking`, if there is one, has the experiments that the jobs are added to.
    """

    service: Any  # a JobService; each has a type of job of its own
    describe: Callable[[Any], dict[str, Any]]
    retries_internally: bool = False
    tracking: Tracking | None = None

    def start(self, call: StepCall) -> Progress:
        return self.start_with(call, {})

    def start_with(self, call: StepCall, changes: dict[str, Any]) -> Progress:
        """Create the job, unless an earlier emulator has created it."""
        job = self.service.find(call.resource_name)
        if job is None:
            kind = call.step.kind
            assert kind.operation
            assert kind.name_member
            changes = {**changes, **self._experiment(call), kind.name_member: call.resource_name}
            request = request_of(kind.operation, {**call.arguments, **changes})
            job = self.service.create(request, {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())})
        return executing(call.metadata(Arn=job.arn))

    def _experiment(self, call: StepCall) -> dict[str, Any]:
        """Return the ExperimentConfig of a step's job. The experiment and the trial are created if they do not exist.

        Source: "Amazon SageMaker Experiments Integration" in the developer guide, also for both default names.
        """
        if self.tracking is None or not call.experiment:
            return {}
        execution = call.execution
        experiment = str(call.experiment.get("ExperimentName") or execution.pipeline)
        trial = str(call.experiment.get("TrialName") or execution.name)
        sources = Source(execution.pipeline_arn, PIPELINE), Source(execution.arn, EXECUTION)
        self.tracking.trial_for(experiment, trial, sources)
        return {"ExperimentConfig": {"ExperimentName": experiment, "TrialName": trial}}

    def look(self, call: StepCall) -> Progress:
        job = self.service.find(call.resource_name)
        if job is None:
            return failed(DELETED.format(name=call.resource_name), call.record.metadata)
        if job.status is JobStatus.COMPLETED:
            return succeeded(call.record.metadata, self.describe(job))
        if job.status is JobStatus.FAILED:
            reason = job.failure_reason or "See the job's log."
            return failed(FAILED_BY_CLIENT + reason, call.record.metadata, self._exception_type(reason))
        if job.status is JobStatus.STOPPED:
            return self._stopped(call, job)
        return executing(call.record.metadata)

    def stop(self, call: StepCall) -> None:
        with suppress(AwsError):  # it has ended in the meantime
            self.service.stop(call.resource_name)

    def _stopped(self, call: StepCall, job: Job) -> Progress:
        """Return the end of a job that was stopped, with its execution or otherwise: by a user or at its time limit."""
        if call.record.status is StepStatus.STOPPING:
            return Progress(StepStatus.STOPPED, call.record.metadata)
        return failed(f"{FAILED_BY_CLIENT}The job {job.name} was stopped.", call.record.metadata)

    def _exception_type(self, reason: str) -> str | None:
        if reason == ABANDONED:
            return INTERRUPTED
        if reason.startswith("CapacityError"):
            return CAPACITY_ERROR
        is_internal = reason.startswith("InternalServerError") and not self.retries_internally
        return INTERNAL_ERROR if is_internal else None
