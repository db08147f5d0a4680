"""The base of the services that run jobs: each job has a record in the store and, until its end, a thread."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from sagemaker_emulator.errors import resource_in_use, validation
from sagemaker_emulator.experiments.job_tracking import JobTracking
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobRun, JobThreads
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.image_region import other_region
from sagemaker_emulator.resources.job import Job, JobStatus
from sagemaker_emulator.storage.collection import Collection
from sagemaker_emulator.storage.disk_full import DiskFull, when_there_is_room
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

J = TypeVar("J", bound=Job)


class JobCollection(Collection[J]):
    """The jobs of one kind. A subclass creates them; `directory`, if there is one, has a folder for each that runs."""

    def __init__(self, store: Store, arns: Arns, resource: type[J], directory: Path | None = None) -> None:
        super().__init__(store, arns, resource)
        self._directory, self._tracking = directory, JobTracking(store, arns)
        self._words = resource.kind.replace("-", " ")
        self._threads = JobThreads(self._words)

    def missing(self, name: str) -> AwsError:
        return validation(f"Could not find requested job with name: {name}")

    def existing(self, name: str, arn: str) -> AwsError:
        return resource_in_use(
            f"{self._words.capitalize()} names must be unique within an AWS account and region, and a "
            f"{self._words} with this name already exists ({arn})"
        )

    def undeletable(self, job: J) -> AwsError:
        """Return the error for a deletion of a job that is not over."""
        return resource_in_use(f"The {self._words} {job.arn} is in status {job.status}; stop it before deleting.")

    def stop(self, name: str) -> None:
        """Ask a job to end, unless it is already stopping. Raise an error for a job that is over."""

        def stopping(job: J) -> J:
            self._refuse_over(job)
            return job if job.status is JobStatus.STOPPING else job.moved_to(JobStatus.STOPPING, time.time())

        self._threads.stop(self._change(name, stopping).name)

    def delete(self, name: str) -> None:
        """Remove the record of a job that is over; what it left in S3 stays."""
        with self._store.transaction():
            job = self.get(name)
            if not job.is_over:
                raise self.undeletable(job)
            self._store.remove(self._resource, job.name)

    def recover(self) -> None:
        """After a restart, fail the jobs that were running: their containers are gone."""
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
        for job in self._store.all(self._resource):
            if not job.is_over:
                self._move(job.name, JobStatus.FAILED, ABANDONED)

    def close(self) -> None:
        """End the jobs that run, so that no process is left behind; they fail with the reason."""
        self._threads.close()

    def _refuse_other_region(self, image: str) -> None:
        """Raise ValidationException, in AWS's words, for an image of another region than the job's."""
        if region := other_region(image, self._arns.region):
            raise validation(
                f"Invalid region {region} in image URI {image}. Please provide an image URI in region "
                f"{self._arns.region}."
            )

    def _start(self, job: J, tags: dict[str, str], run: JobRun, ended: Callable[[str | None], None]) -> J:
        """Store a new job and start its thread: a job that a request can find has a thread."""
        try:
            with self._store.transaction():
                self._add(job, tags)
                self._tracking.began(job, tags)
                self._threads.prepare(job.name, run, ended)
        except DiskFull:
            self._threads.forget(job.name, run)
            raise
        self._threads.begin(job.name)
        return job

    def _change(self, name: str, change: Callable[[J], J]) -> J:
        """Change a job, and its trial component with it."""
        with self._store.transaction():
            job = super()._change(name, change)
            self._tracking.changed(job)
        return job

    def _record(self, name: str, change: Callable[[J], J]) -> None:
        """Store a change of a job under way. While the disk is full, the job waits: its work is not lost."""
        when_there_is_room(lambda: self._change(name, change), lambda: self._threads.is_abandoned(name))

    def _begun(self, name: str) -> None:
        self._record(name, lambda job: job.begun(time.time()))

    def _ended(self, name: str, run: JobRun, failure_reason: str | None) -> None:
        self._move(name, final_status(run, failure_reason), failure_reason)

    def _move(self, name: str, status: JobStatus, reason: str | None = None) -> None:
        self._change(name, lambda job: job.moved_to(status, time.time(), reason))

    def _refuse_over(self, job: J) -> None:
        if job.is_over:
            raise validation(f"The request was rejected because the {self._words} is in status {job.status}.")


def final_status(run: JobRun, failure_reason: str | None) -> JobStatus:
    """Return the status that a job ends with, for a run that has returned."""
    if failure_reason is not None:
        return JobStatus.FAILED
    return JobStatus.STOPPED if run.halt.stop_requested.is_set() else JobStatus.COMPLETED
