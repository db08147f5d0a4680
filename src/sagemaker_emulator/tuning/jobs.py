"""Hyperparameter tuning jobs: created, described, listed, stopped, taken up again after a restart."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from sagemaker_emulator.errors import resource_in_use, resource_not_found, validation
from sagemaker_emulator.jobs.service import Jobs
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.job import JobStatus
from sagemaker_emulator.resources.tuning_job import Result, Trial, TuningJob
from sagemaker_emulator.storage.listing import Page, page
from sagemaker_emulator.storage.store import AlreadyExists, NotFound, Store
from sagemaker_emulator.training.jobs import TrainingJobs
from sagemaker_emulator.tuning.requests import refuse_what_cannot_be_tuned, training_request
from sagemaker_emulator.tuning.run import TuningRun


class TuningJobs(Jobs[TuningJob]):
    def __init__(self, store: Store, arns: Arns, training_jobs: TrainingJobs) -> None:
        super().__init__(store, TuningJob)
        self._arns, self._training_jobs = arns, training_jobs

    def create(self, request: dict[str, Any], tags: dict[str, str]) -> TuningJob:
        name, now = request["HyperParameterTuningJobName"], time.time()
        job = TuningJob(name, self._arns.of(TuningJob.kind, name), request, created=now, modified=now)
        refuse_what_cannot_be_tuned(job)
        self._training_jobs.refuse_what_cannot_run(training_request(job, Trial(name, {})))
        with self._store.transaction():  # so that a Stop finds the run of every job that it finds
            try:
                self._store.add(job, tags)
            except AlreadyExists as error:
                raise resource_in_use(
                    f"A hyperparameter tuning job with the name, {name}, already exists. Choose a different name."
                ) from error
            self._take_up(job, tags)
        return job

    def get(self, name: str) -> TuningJob:
        try:
            return self._store.get(TuningJob, name)
        except NotFound:
            raise resource_not_found(
                f"Amazon SageMaker can't find a tuning job with the name, {name}. Check the name and try again."
            ) from None

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, TuningJob, request, default_sort="Name", descending=False)

    def results(self, job: TuningJob) -> list[Result]:
        """How the trials stand now, in their order."""
        found = [(trial, self._training_jobs.find(trial.training_job)) for trial in job.trials]
        return [Result.of(trial, training_job, job.objective) for trial, training_job in found if training_job]

    def delete(self, name: str) -> None:
        with self._store.transaction():
            job = self.get(name)
            if not job.is_over:
                raise validation(f"The tuning job {name} is in status {job.status}; stop it before deleting.")
            self._store.remove(TuningJob, name)

    def recover(self) -> None:
        """After a restart, when training jobs have been recovered: what was under way goes on with its next trial."""
        for job in self._store.all(TuningJob):
            if not job.is_over:
                self._take_up(job, self._store.tags(job.arn))
                if job.status is JobStatus.STOPPING:
                    self._runs.stop(job.name)

    def _take_up(self, job: TuningJob, tags: dict[str, str]) -> None:
        run = TuningRun(job, tags, self._training_jobs, lambda trial: self._planned(job.name, trial))
        self._runs.start(job.name, run, lambda reason: self._run_ended(run, reason))

    def _planned(self, name: str, trial: Trial) -> None:
        self._change(name, lambda job: replace(job, trials=(*job.trials, trial), modified=time.time()))

    def _run_ended(self, run: TuningRun, failure_reason: str | None) -> None:
        """An abandoned run leaves its job as it is: `recover` takes it up."""
        if not run.halt.abandoned.is_set():
            self._ended(run.job.name, run, failure_reason)
