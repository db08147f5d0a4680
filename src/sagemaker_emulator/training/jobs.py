"""Training jobs: created, described, listed, stopped, updated, deleted; each runs in a thread of its own."""

from __future__ import annotations

import shutil
import time
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs.channel import InputError
from sagemaker_emulator.jobs.input_objects import require_objects
from sagemaker_emulator.jobs.job_collection import JobCollection, final_status
from sagemaker_emulator.jobs.job_threads import ABANDONED
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.moment import Moment
from sagemaker_emulator.resources.training_job import SecondaryStatus, TrainingJob
from sagemaker_emulator.storage.listing import Page, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.training.request import TrainingRequest
from sagemaker_emulator.training.run import TrainingRun
from sagemaker_emulator.wire import AwsError

FILTERS = {
    "TrainingPlanArnEquals": "json_extract(CAST(body AS TEXT), '$.request.ResourceConfig.TrainingPlanArn') = ?",
    "WarmPoolStatusEquals": (  # a pool exists as long as its job runs
        "json_extract(CAST(body AS TEXT), '$.request.ResourceConfig.KeepAlivePeriodInSeconds') > 0 "
        "AND CASE WHEN status IN ('InProgress', 'Stopping') THEN 'InUse' ELSE 'Terminated' END = ?"
    ),
}
UPDATABLE = ("ProfilerConfig", "RemoteDebugConfig")


class TrainingJobs(JobCollection[TrainingJob]):
    def __init__(self, store: Store, arns: Arns, context: RunContext) -> None:
        super().__init__(store, arns, TrainingJob)
        self._context = context
        self._found: list[TrainingRun] = []

    def create(self, request: dict[str, Any], tags: dict[str, str], tuning_job_arn: str | None = None) -> TrainingJob:
        parsed = self.runnable(request)
        arn = self.arn_of(request["TrainingJobName"])
        job = TrainingJob.requested(arn, request, time.time(), tuning_job_arn)
        run = self._run_of(job, parsed)
        return self._start(job, tags, run, partial(self._finished, run))

    def runnable(self, request: dict[str, Any]) -> TrainingRequest:
        """Parse a request. ValidationException also if its image, role or input does not exist."""
        parsed = TrainingRequest.parse(request)
        self._refuse_other_region(parsed.image)
        try:
            self._context.engine.check(parsed.image, parsed.network_isolation)
            self._context.aws.execution_roles.require(parsed.role_arn)
            for channel in parsed.channels:
                require_objects(self._context.aws.s3_of_requests, channel)
        except (EngineError, InputError) as error:
            raise validation(str(error)) from error
        return parsed

    def missing(self, name: str) -> AwsError:
        return validation("Requested resource not found.")

    def page(self, request: dict[str, Any]) -> Page:
        filters = [(sql, (request[name],)) for name, sql in FILTERS.items() if name in request]
        return page(self._store, TrainingJob, request, filters=filters)

    def update(self, request: dict[str, Any]) -> TrainingJob:
        """Change the members of a running job that UpdateTrainingJob may change."""
        changes: dict[str, Any] = {member: request[member] for member in UPDATABLE if member in request}

        def updated(job: TrainingJob) -> TrainingJob:
            self._refuse_over(job)
            resources = {**job.request["ResourceConfig"], **request.get("ResourceConfig", {})}
            return replace(job, request={**job.request, **changes, "ResourceConfig": resources}, modified=time.time())

        return self._change(request["TrainingJobName"], updated)

    def find_again(self) -> list[Path]:
        """After a restart, before `recover`: find jobs whose containers outlived the emulator, or had ended before.

        Return the /opt/ml of the containers that run on.
        """
        outlived: list[TrainingRun] = []
        for job in self._store.all(TrainingJob):
            if not job.is_over:
                with suppress(AwsError):  # an earlier version accepted the request, this one does not
                    run = self._run_of(job, TrainingRequest.parse(job.request))
                    if run.find_end():
                        self._found.append(run)
                    elif run.find():
                        outlived.append(run)
        self._found += outlived
        return [base_dir for run in outlived for base_dir in run.base_dirs]

    def recover(self) -> None:
        """Resume the jobs whose containers were found; fail the others that were running."""
        found_runs = {run.job.name: run for run in self._found}
        for directory in self._context.directory.glob("*"):
            if directory.name not in found_runs:
                shutil.rmtree(directory, ignore_errors=True)
        for job in self._store.all(TrainingJob):
            if run := found_runs.get(job.name):
                self._take_up(run)
            elif not job.is_over:
                self._move(job.name, JobStatus.FAILED, ABANDONED)

    def _take_up(self, run: TrainingRun) -> None:
        if run.job.status is JobStatus.STOPPING:
            run.halt.stop_requested.set()
        self._threads.start(run.job.name, run, partial(self._finished, run))

    def _run_of(self, job: TrainingJob, request: TrainingRequest) -> TrainingRun:
        entered, explain = partial(self._entered, job.name), partial(self._explain, job.name)
        return TrainingRun(job, request, self._context, entered, explain)

    def _entered(self, name: str, phase: SecondaryStatus) -> None:
        """Store the phase of a run. A stopping job stays Stopping while its model is uploaded."""

        def entered(job: TrainingJob) -> TrainingJob:
            is_in_it = job.status is JobStatus.STOPPING or job.secondary_status is phase
            return job if is_in_it else job.entered(phase, time.time(), Moment.now())

        self._record(name, entered)

    def _explain(self, name: str, message: str) -> None:
        """Store what a run is doing in its status, or why it waits."""
        self._record(name, lambda job: job.explained(message, time.time()))

    def _finished(self, run: TrainingRun, failure_reason: str | None) -> None:
        artifacts = run.request.artifacts.model_uri if run.uploaded else None
        metrics = run.end.metrics or tuple(run.metrics.latest.values())
        summaries = run.end.summaries or run.metrics.summaries()
        status, secondary = final_status(run, failure_reason), None
        if status is JobStatus.COMPLETED and run.end.ran_out_of_time:
            status, secondary = JobStatus.STOPPED, SecondaryStatus.MAX_RUNTIME_EXCEEDED

        def finished(job: TrainingJob) -> TrainingJob:
            training_s = job.seconds_in(SecondaryStatus.DOWNLOADING)
            with_results = replace(
                job, model_artifacts=artifacts, metrics=metrics, summaries=summaries, training_s=training_s
            )
            return with_results.moved_to(status, time.time(), failure_reason, secondary)

        self._change(run.job.name, finished)
