"""Run one execution to its end in its own thread: find the data, run the processing jobs and watch them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Protocol

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients
from sagemaker_emulator.jobs.failures import aws_failure
from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed
from sagemaker_emulator.monitoring.captured_data import DataFolder, captured_folders, ground_truth_folders
from sagemaker_emulator.monitoring.job import MonitoringJob
from sagemaker_emulator.monitoring.processing_requests import (
    MERGE_PREFIX,
    Baseline,
    analysis_prefix,
    analysis_request,
    job_name,
    merge_request,
    merged,
)
from sagemaker_emulator.monitoring.violations import has_violations
from sagemaker_emulator.monitoring.windows import hours_between
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.monitoring.execution import ExecutionStatus, MonitoringExecution
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.wire import AwsError

POLL_S = 0.05
NO_DATA = "Job inputs had no data"  # AWS's words
VIOLATIONS = "CompletedWithViolations"


class Processing(Protocol):
    """The methods of ProcessingJobs that an execution needs."""

    def create(
        self, request: dict[str, Any], tags: dict[str, str], monitoring_schedule_arn: str | None
    ) -> ProcessingJob: ...
    def get(self, name: str) -> ProcessingJob: ...
    def find(self, name: str) -> ProcessingJob | None: ...


class Endpoints(Protocol):
    """The method of the hosting service's Endpoints that an execution needs."""

    def get(self, name: str) -> Endpoint: ...


@dataclass(frozen=True)
class ExecutionContext:
    """Shared by all executions. `job_of` returns what an execution runs, or raises AwsError if it is gone."""

    aws: AwsClients
    region: str
    processing: Processing
    endpoints: Endpoints
    job_of: Callable[[MonitoringExecution], MonitoringJob]


class MonitoringRun:
    """One run of an execution. `begun` records the ARN of a processing job that is under way."""

    def __init__(self, execution: MonitoringExecution, context: ExecutionContext, begun: Callable[[str], None]) -> None:
        self.execution, self.halt = execution, Halt()
        self.status = ExecutionStatus.COMPLETED
        self._context, self._begun = context, begun

    def run(self) -> None:
        """Run the execution. If it fails, JobFailed has the FailureReason; if not, `status` is its last status."""
        try:
            job = self._context.job_of(self.execution)
            if job.refusal:
                raise JobFailed(job.refusal)
            self._analyze(job)
        except AwsError as error:
            raise JobFailed(f"ClientError: {error.message}") from error
        except AWS_ERRORS as error:
            raise aws_failure(error) from error

    def _analyze(self, job: MonitoringJob) -> None:
        folders = self._captured(job)
        if not folders:
            raise JobFailed(NO_DATA)
        if job.ground_truth_uri is not None:
            folders = self._merged(job, folders, job.ground_truth_uri)
        request = analysis_request(job, self.execution, folders, self._baseline(job))
        is_inline = "MonitoringJobDefinition" in self.execution.config
        self.status = self._status(self._processed(analysis_prefix(job, is_inline), request))

    def _captured(self, job: MonitoringJob) -> list[DataFolder]:
        """Return the window's folders of captured data. The endpoint's configuration says where data are captured."""
        endpoint = self._context.endpoints.get(job.endpoint_name)
        capture = endpoint.revision.data_capture
        if capture is None:
            raise JobFailed(f"ClientError: data capture is not enabled for the endpoint {endpoint.name}")
        hours = hours_between(self.execution.window_start, self.execution.window_end)
        return captured_folders(self._context.aws.s3, capture.destination_uri, endpoint.name, hours, self._watch)

    def _merged(self, job: MonitoringJob, captured: Sequence[DataFolder], truth_uri: str) -> list[DataFolder]:
        """Merge the window with the ground truth up to the scheduled time, and return the merged folders."""
        until = max(self.execution.scheduled, self.execution.window_end)
        hours = hours_between(self.execution.window_start, until)
        truth = ground_truth_folders(self._context.aws.s3, truth_uri, hours, self._watch)
        if not truth:
            raise JobFailed(NO_DATA)
        self._processed(MERGE_PREFIX, merge_request(job, captured, truth, self._context.region))
        return merged(job, captured)

    def _baseline(self, job: MonitoringJob) -> Baseline:
        """Return the baseline's files: those that the definition names, else those that its baselining job wrote."""
        named = Baseline(
            job.baseline.get("ConstraintsResource", {}).get("S3Uri"),
            job.baseline.get("StatisticsResource", {}).get("S3Uri"),
        )
        outputs: Sequence[Any] = ()
        if name := job.baseline.get("BaseliningJobName"):
            with suppress(AwsError):  # AWS does not say what a baselining job that does not exist means
                baselining = self._context.processing.get(name)
                outputs = baselining.request.get("ProcessingOutputConfig", {}).get("Outputs", ())
        folder = outputs[0].get("S3Output", {}).get("S3Uri", "").rstrip("/") if outputs else ""
        if not folder:
            return named
        return replace(
            named,
            constraints_uri=named.constraints_uri or f"{folder}/constraints.json",
            statistics_uri=named.statistics_uri or f"{folder}/statistics.json",
        )

    def _processed(self, prefix: str, request: dict[str, Any]) -> ProcessingJob:
        """Run a processing job, or continue the one that an earlier emulator began. Raises JobFailed if it fails.

        A job that died with the emulator is followed by another one.
        """
        for attempt in count():
            name = job_name(self.execution, prefix, attempt)
            job = self._ended(name) if self._context.processing.find(name) else self._created(name, request)
            if job.status is JobStatus.FAILED and job.failure_reason == ABANDONED:
                continue
            if job.status is JobStatus.FAILED:
                raise JobFailed(f"Processing job {name} failed: {job.failure_reason}")
            return job
        raise AssertionError("unreachable: the attempts have no end")

    def _created(self, name: str, request: dict[str, Any]) -> ProcessingJob:
        named = {"ProcessingJobName": name, **request}
        self._context.processing.create(named, {}, self.execution.started_by)
        return self._ended(name)

    def _watch(self) -> None:
        """Raise JobFailed if the emulator is going down."""
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)

    def _ended(self, name: str) -> ProcessingJob:
        is_announced = False
        while not self.halt.abandoned.is_set():
            job = self._context.processing.find(name)
            if job is None:
                raise JobFailed(f"Processing job {name} does not exist any more")
            if not is_announced:
                self._begun(job.arn)
                is_announced = True
            if job.is_over:
                return job
            self.halt.abandoned.wait(POLL_S)
        raise JobFailed(ABANDONED)

    def _status(self, job: ProcessingJob) -> ExecutionStatus:
        """Return the last status of the execution. The exit message decides, or else the document of violations."""
        if job.status is JobStatus.STOPPED:
            return ExecutionStatus.STOPPED
        folder = job.request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3Uri"]
        message = job.exit_message
        violated = message.startswith(VIOLATIONS) if message else has_violations(self._context.aws.s3, folder)
        return ExecutionStatus.COMPLETED_WITH_VIOLATIONS if violated else ExecutionStatus.COMPLETED
