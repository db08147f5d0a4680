"""Training jobs: created, described, listed, stopped; each runs in its own thread."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from sagemaker_emulator.errors import resource_in_use, validation
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobRuns
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.training_job import SecondaryStatus, TrainingJob, TrainingJobStatus
from sagemaker_emulator.storage.listing import Page, page
from sagemaker_emulator.storage.store import AlreadyExists, NotFound, Store
from sagemaker_emulator.training.requests import refuse_what_cannot_run
from sagemaker_emulator.training.run import TrainingContext, TrainingRun

FILTERS = {
    "TrainingPlanArnEquals": "json_extract(CAST(body AS TEXT), '$.request.ResourceConfig.TrainingPlanArn') = ?",
    "WarmPoolStatusEquals": (  # a pool is there as long as its job runs
        "json_extract(CAST(body AS TEXT), '$.request.ResourceConfig.KeepAlivePeriodInSeconds') > 0 "
        "AND CASE WHEN status IN ('InProgress', 'Stopping') THEN 'InUse' ELSE 'Terminated' END = ?"
    ),
}


class TrainingJobs:
    def __init__(self, store: Store, arns: Arns, context: TrainingContext) -> None:
        self._store, self._arns, self._context = store, arns, context
        self._runs = JobRuns("training job")
        self._found: list[TrainingRun] = []

    def create(self, request: dict[str, Any], tags: dict[str, str], tuning_job_arn: str | None = None) -> TrainingJob:
        name = request["TrainingJobName"]
        self.refuse_what_cannot_run(request)
        job = TrainingJob.requested(self._arns.of(TrainingJob.kind, name), request, time.time(), tuning_job_arn)
        run = self._run_of(job)
        with self._store.transaction():  # so that a Stop finds the run of every job that it finds
            try:
                self._store.add(job, tags)
            except AlreadyExists as error:
                raise resource_in_use(
                    "Training job names must be unique within an AWS account and region, and a training job with this "
                    f"name already exists ({error.existing})"
                ) from error
            self._runs.start(name, run, lambda reason: self._ended(run, reason))
        return job

    def refuse_what_cannot_run(self, request: dict[str, Any]) -> None:
        """ValidationException for a request that could never become a job."""
        refuse_what_cannot_run(request, self._context.engine, self._context.aws.s3)

    def get(self, name: str) -> TrainingJob:
        try:
            return self._store.get(TrainingJob, name)
        except NotFound:
            raise validation("Requested resource not found.") from None

    def find(self, name: str) -> TrainingJob | None:
        with suppress(NotFound):
            return self._store.get(TrainingJob, name)
        return None

    def page(self, request: dict[str, Any]) -> Page:
        filters = [(sql, (request[name],)) for name, sql in FILTERS.items() if name in request]
        return page(self._store, TrainingJob, request, filters=filters)

    def stop(self, name: str) -> None:
        """A job that is being stopped already goes on as it does."""

        def change(job: TrainingJob) -> TrainingJob:
            if job.is_over:
                raise validation(f"The request was rejected because the training job is in status {job.status}.")
            if job.status is TrainingJobStatus.STOPPING:
                return job
            return job.moved_to(TrainingJobStatus.STOPPING, SecondaryStatus.STOPPING, time.time())

        self._change_existing(name, change)
        self._runs.stop(name)

    def update(self, request: dict[str, Any]) -> TrainingJob:
        """What UpdateTrainingJob may change of a job under way."""
        members = ("ProfilerConfig", "RemoteDebugConfig")
        changes: dict[str, Any] = {member: request[member] for member in members if member in request}

        def change(job: TrainingJob) -> TrainingJob:
            if job.is_over:
                raise validation(f"The request was rejected because the training job is in status {job.status}.")
            resources = {**job.request["ResourceConfig"], **request.get("ResourceConfig", {})}
            return replace(job, request={**job.request, **changes, "ResourceConfig": resources}, modified=time.time())

        return self._change_existing(request["TrainingJobName"], change)

    def delete(self, name: str) -> None:
        with self._store.transaction():
            job = self.get(name)
            if not job.is_over:
                raise resource_in_use(f"The training job {job.arn} is in status {job.status}; stop it before deleting.")
            self._store.remove(TrainingJob, name)

    def find_again(self) -> list[Path]:
        """After a restart, before `recover`: the /opt/ml of all containers that outlived the earlier life."""
        under_way = [self._run_of(job) for job in self._store.all(TrainingJob) if not job.is_over]
        self._found = [run for run in under_way if run.find()]
        return [base_dir for run in self._found for base_dir in run.base_dirs]

    def recover(self) -> None:
        """A job whose containers were found goes on; what else was running is Failed, with the reason."""
        found = {run.job.name: run for run in self._found}
        for directory in self._context.directory.glob("*"):
            if directory.name not in found:
                shutil.rmtree(directory, ignore_errors=True)
        for job in self._store.all(TrainingJob):
            if run := found.get(job.name):
                self._take_up(run)
            elif not job.is_over:
                self._end(job.name, TrainingJobStatus.FAILED, SecondaryStatus.FAILED, ABANDONED)

    def close(self) -> None:
        """End what runs, so that no process is left; the jobs are Failed with the reason."""
        self._runs.close()

    def _take_up(self, run: TrainingRun) -> None:
        if run.job.status is TrainingJobStatus.STOPPING:
            run.halt.stop_requested.set()
        self._runs.start(run.job.name, run, lambda reason: self._ended(run, reason))

    def _run_of(self, job: TrainingJob) -> TrainingRun:
        return TrainingRun(job, self._context, lambda secondary: self._moved(job.name, secondary))

    def _ended(self, run: TrainingRun, failure_reason: str | None) -> None:
        artifacts = run.artifacts.model_uri if run.uploaded else None
        metrics = tuple(run.metrics.latest.values())
        self._change(run.job.name, lambda job: replace(job, model_artifacts=artifacts, metrics=metrics))
        if failure_reason is not None:
            self._end(run.job.name, TrainingJobStatus.FAILED, SecondaryStatus.FAILED, failure_reason)
        elif run.halt.stop_requested.is_set():
            self._end(run.job.name, TrainingJobStatus.STOPPED, SecondaryStatus.STOPPED)
        elif run.ran_out_of_time:
            self._end(run.job.name, TrainingJobStatus.STOPPED, SecondaryStatus.MAX_RUNTIME_EXCEEDED)
        else:
            self._end(run.job.name, TrainingJobStatus.COMPLETED, SecondaryStatus.COMPLETED)

    def _moved(self, name: str, secondary: SecondaryStatus) -> None:
        """A step of a run. A job that is being stopped keeps saying so while its model is uploaded."""

        def change(job: TrainingJob) -> TrainingJob:
            return job if job.status is TrainingJobStatus.STOPPING else job.moved_to(job.status, secondary, time.time())

        self._change(name, change)

    def _end(self, name: str, status: TrainingJobStatus, secondary: SecondaryStatus, reason: str | None = None) -> None:
        self._change(name, lambda job: job.moved_to(status, secondary, time.time(), reason))

    def _change(self, name: str, change: Callable[[TrainingJob], TrainingJob]) -> None:
        with suppress(NotFound):
            self._store.change(TrainingJob, name, change)

    def _change_existing(self, name: str, change: Callable[[TrainingJob], TrainingJob]) -> TrainingJob:
        try:
            return self._store.change(TrainingJob, name, change)
        except NotFound:
            raise validation("Requested resource not found.") from None
