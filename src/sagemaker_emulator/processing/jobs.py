"""Processing jobs: created, described, listed, stopped; each runs in a thread of its own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs.channel import InputError
from sagemaker_emulator.jobs.input_objects import require_objects
from sagemaker_emulator.jobs.job_collection import JobCollection, final_status
from sagemaker_emulator.jobs.job_threads import ABANDONED
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.processing.request import ProcessingRequest, refuse_shared_names, with_defaults
from sagemaker_emulator.processing.run import ProcessingRun
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError


class ProcessingJobs(JobCollection[ProcessingJob]):
    def __init__(self, store: Store, arns: Arns, context: RunContext) -> None:
        super().__init__(store, arns, ProcessingJob, context.directory)
        self._context = context

    def create(
        self, request: dict[str, Any], tags: dict[str, str], monitoring_schedule_arn: str | None = None
    ) -> ProcessingJob:
        """Create a job. One of a monitoring schedule may leave metrics, which are sent to CloudWatch."""
        name, now, request = request["ProcessingJobName"], time.time(), with_defaults(request)
        parsed = ProcessingRequest.parse(request)
        refuse_shared_names(request)
        self._refuse_missing(parsed)
        arn = self.arn_of(name)
        job = ProcessingJob(
            name, arn, request, created=now, modified=now, monitoring_schedule_arn=monitoring_schedule_arn
        )
        run = self._run_of(job, parsed)
        return self._start(job, tags, run, partial(self._finished, run))

    def recover(self) -> None:
        """After a restart, continue the uploads of jobs whose containers had ended; fail the others that ran."""
        ended = {run.job.name: run for run in self._runs() if run.find_end()}
        for directory in self._context.directory.glob("*"):
            if directory.name not in ended:
                shutil.rmtree(directory, ignore_errors=True)
        for job in self._store.all(ProcessingJob):
            if run := ended.get(job.name):
                self._threads.start(job.name, run, partial(self._finished, run))
            elif not job.is_over:
                self._move(job.name, JobStatus.FAILED, ABANDONED)

    def _runs(self) -> Iterator[ProcessingRun]:
        """Yield the runs of the jobs that are not over."""
        for job in self._store.all(ProcessingJob):
            if not job.is_over:
                with suppress(AwsError):  # an earlier version accepted the request, this one does not
                    yield self._run_of(job, ProcessingRequest.parse(job.request))

    def _run_of(self, job: ProcessingJob, request: ProcessingRequest) -> ProcessingRun:
        run = ProcessingRun(job, request, self._context, partial(self._begun, job.name))
        if job.status is JobStatus.STOPPING:
            run.halt.stop_requested.set()
        return run

    def _refuse_missing(self, request: ProcessingRequest) -> None:
        """ValidationException when the image, the role or an input does not exist."""
        self._refuse_other_region(request.image)
        try:
            self._context.engine.check(request.image, request.network_isolation)
            self._context.aws.execution_roles.require(request.role_arn)
            for input_ in request.inputs:
                require_objects(self._context.aws.s3_of_requests, input_.channel)
        except (EngineError, InputError) as error:
            raise validation(str(error)) from error

    def _finished(self, run: ProcessingRun, failure_reason: str | None) -> None:
        status = final_status(run, failure_reason)
        if status is JobStatus.COMPLETED and run.end.ran_out_of_time:
            status = JobStatus.STOPPED

        def finished(job: ProcessingJob) -> ProcessingJob:
            return job.with_exit_message(run.end.exit_message).moved_to(status, time.time(), failure_reason)

        self._change(run.job.name, finished)
