"""Jobs as a service: kept, described, listed, stopped. What transform and processing jobs have in common."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Generic, TypeVar

from sagemaker_emulator.errors import resource_in_use, resource_limit_exceeded, validation
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobRun, JobRuns
from sagemaker_emulator.resources.job import Job, JobStatus
from sagemaker_emulator.storage.listing import Page, page
from sagemaker_emulator.storage.store import AlreadyExists, NotFound, Store

INSTANCES_MAX = 20  # AWS's usual quota for an instance type

J = TypeVar("J", bound=Job)


class Jobs(Generic[J]):
    """One kind of job. A subclass creates them; below `directory`, if given, each has its files while it runs."""

    def __init__(self, store: Store, resource: type[J], directory: Path | None = None) -> None:
        self._store, self._resource, self._directory = store, resource, directory
        self._words = resource.kind.replace("-", " ")
        self._runs = JobRuns(self._words)

    def get(self, name: str) -> J:
        try:
            return self._store.get(self._resource, name)
        except NotFound:
            raise validation(f"Could not find requested job with name: {name}") from None

    def page(self, request: dict[str, Any]) -> Page:
        return page(self._store, self._resource, request)

    def stop(self, name: str) -> None:
        job = self.get(name)
        if job.is_over:
            raise validation(f"The request was rejected because the {self._words} is in status {job.status}.")
        if job.status is not JobStatus.STOPPING:
            self._move(name, JobStatus.STOPPING)
        self._runs.stop(name)

    def recover(self) -> None:
        """After a restart: nothing runs any more, so what was running is Failed, with the reason."""
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)
        for job in self._store.all(self._resource):
            if not job.is_over:
                self._move(job.name, JobStatus.FAILED, ABANDONED)

    def close(self) -> None:
        self._runs.close()

    def _start(self, job: J, tags: dict[str, str], run: JobRun, ended: Callable[[str | None], None]) -> None:
        try:
            self._store.add(job, tags)
        except AlreadyExists as error:
            raise resource_in_use(
                f"{self._words.capitalize()} names must be unique within an AWS account and region, and a "
                f"{self._words} with this name already exists ({error.existing})"
            ) from error
        self._runs.start(job.name, run, ended)

    def _begun(self, name: str) -> None:
        self._change(name, lambda job: job.begun(time.time()))

    def _ended(self, name: str, run: JobRun, failure_reason: str | None) -> None:
        if failure_reason is not None:
            self._move(name, JobStatus.FAILED, failure_reason)
        elif run.halt.stop_requested.is_set():
            self._move(name, JobStatus.STOPPED)
        else:
            self._move(name, JobStatus.COMPLETED)

    def _move(self, name: str, status: JobStatus, reason: str | None = None) -> None:
        self._change(name, lambda job: job.moved_to(status, time.time(), reason))

    def _change(self, name: str, change: Callable[[J], J]) -> None:
        with suppress(NotFound):
            self._store.change(self._resource, name, change)


def require_quota(instance_type: str, count: int, use: str) -> None:
    """ResourceLimitExceeded, in AWS's words: every instance is a process or container of this machine."""
    if count > INSTANCES_MAX:
        raise resource_limit_exceeded(
            f"The account-level service limit '{instance_type} for {use} usage' is {INSTANCES_MAX} Instances, with "
            f"current utilization of 0 Instances and a request delta of {count} Instances. Please use AWS Service "
            "Quotas to request an increase for this quota."
        )
