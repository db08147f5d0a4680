"""Hyperparameter tuning jobs: created, described, listed, stopped, taken up again after a restart."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import Any

from sagemaker_emulator.errors import resource_in_use, resource_not_found, validation
from sagemaker_emulator.jobs.job_collection import JobCollection
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.moment import Moment
from sagemaker_emulator.resources.tuning_job import Result, Trial, TuningJob
from sagemaker_emulator.storage.listing import Page, page
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.training.jobs import TrainingJobs
from sagemaker_emulator.tuning.request import TuningRequest
from sagemaker_emulator.tuning.run import TuningRun
from sagemaker_emulator.wire import AwsError


class TuningJobs(JobCollection[TuningJob]):
    def __init__(self, store: Store, arns: Arns, training_jobs: TrainingJobs) -> None:
        super().__init__(store, arns, TuningJob)
        self._training_jobs = training_jobs

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> TuningJob:
        name, now, parsed = request["HyperParameterTuningJobName"], time.time(), TuningRequest.parse(request)
        trial = self._training_jobs.runnable(parsed.training_request(Trial(name, {})))
        require_quota(trial.instance_type, trial.instance_count * parsed.max_parallel, "training job")
        job = TuningJob(name, self.arn_of(name), request, created=now, modified=now, created_moment=Moment.now())
        run = self._run_of(job, parsed, tags)
        return self._start(job, tags, run, partial(self._finished, run))

    def missing(self, name: str) -> AwsError:
        return resource_not_found(
            f"Amazon SageMaker can't find a tuning job with the name, {name}. Check the name and try again."
        )

    def existing(self, name: str, arn: str) -> AwsError:
        return resource_in_use(
            f"A hyperparameter tuning job with the name, {name}, already exists. Choose a different name."
        )

    def undeletable(self, job: TuningJob) -> AwsError:
        return validation(f"The tuning job {job.name} is in status {job.status}; stop it before deleting.")

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, TuningJob, request, default_sort="Name", descending=False)

    def results(self, job: TuningJob) -> list[Result]:
        """Return the trials' current results, in their order."""
        training_jobs = [(trial, self._training_jobs.find(trial.training_job)) for trial in job.trials]
        return [Result.of(trial, training_job, job.objective) for trial, training_job in training_jobs if training_job]

    def recover(self) -> None:
        """After a restart, when training jobs have been recovered, continue with the next trial of each job."""
        for job in self._store.all(TuningJob):
            if not job.is_over:
                self._take_up(job)

    def _take_up(self, job: TuningJob) -> None:
        try:
            request = TuningRequest.parse(job.request)
        except AwsError as error:  # an earlier version accepted it, this one does not
            self._move(job.name, JobStatus.FAILED, f"ClientError: {error}")
            return
        run = self._run_of(job, request, self._store.tags(job.arn))
        if job.status is JobStatus.STOPPING:
            run.halt.stop_requested.set()
        self._threads.start(job.name, run, partial(self._finished, run))

    def _run_of(self, job: TuningJob, request: TuningRequest, tags: dict[str, str]) -> TuningRun:
        return TuningRun(job, request, tags, self._training_jobs, partial(self._planned, job.name))

    def _planned(self, name: str, trial: Trial) -> None:
        self._record(name, lambda job: replace(job, trials=(*job.trials, trial), modified=time.time()))

    def _finished(self, run: TuningRun, failure_reason: str | None) -> None:
        """Store the end of a run. One that was abandoned leaves its job as it is, for `recover` to take up."""
        if not run.halt.abandoned.is_set():
            self._ended(run.job.name, run, failure_reason)
