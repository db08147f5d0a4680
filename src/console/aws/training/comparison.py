"""Up to a thousand training jobs side by side: what differs between them, and how they ended.

A list has no metrics, so each job is described once, which takes seconds for a thousand jobs. Each call reads for less
than a second, and the page shows what has been read. Ended jobs are kept in a compact form and never read again
as long as the list has them with the same time of creation.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from console.aws.client import Aws
from console.aws.training import jobs as training_jobs
from console.aws.training.jobs import SUBMIT_DIRECTORY, Job
from console.errors import NotThere

JOBS_MAX = 1000
KEPT_JOBS = 4000
AT_ONCE = 24
BUDGET_S = 0.4


Key = tuple[str, int]
"""A job's name and second of creation: a name can be used again after a deletion."""


@dataclass(frozen=True, slots=True)
class ComparedJob:
    """One row: a job with its hyperparameters, metrics and time."""

    name: str
    status: str
    created: datetime
    seconds: float | None
    hyperparameters: Mapping[str, str]
    metrics: Mapping[str, float]
    settings: Mapping[str, str]
    """The image, the instances, and the data of each channel."""


@dataclass(frozen=True)
class Comparison:
    """The jobs that have been read, in the order of the list, and how many the list has."""

    jobs: list[ComparedJob]
    listed: int

    @property
    def varying(self) -> list[str]:
        """The hyperparameters that do not have the same value in all jobs, by name."""
        return _varying([job.hyperparameters for job in self.jobs])

    @property
    def varying_settings(self) -> list[str]:
        """The settings that differ between the jobs, by name."""
        return _varying([job.settings for job in self.jobs])

    @property
    def metrics(self) -> list[str]:
        return sorted({name for job in self.jobs for name in job.metrics})

    def value(self, job: ComparedJob, name: str) -> float | None:
        """Return the number that a job has under a metric's or a hyperparameter's name, or `duration`."""
        if name == "duration":
            return job.seconds
        if name in job.metrics:
            return job.metrics[name]
        try:
            return float(job.hyperparameters.get(name, ""))
        except ValueError:
            return None


class ComparedJobs:
    """The jobs that have ended and were read before."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, ComparedJob] = OrderedDict()

    async def compare(self, aws: Aws, name: str = "", names: Sequence[str] = ()) -> Comparison:
        """Return the jobs in `names`, or else the newest whose names contain `name`, as far as they have been read."""
        listed: list[str] = list(names)[:JOBS_MAX]
        kept: dict[str, ComparedJob] = {}
        if not listed:
            summaries = await training_jobs.listed_up_to(aws, JOBS_MAX, name)
            listed = [job.name for job in summaries]
            known = (self._kept.get(_key(job.name, job.created)) for job in summaries)
            kept = {job.name: job for job in known if job}
        ends = time.monotonic() + BUDGET_S
        missing = [each for each in listed if each not in kept]
        while missing and time.monotonic() < ends:
            some, missing = missing[:AT_ONCE], missing[AT_ONCE:]
            for job in await asyncio.gather(*(self._read(aws, each) for each in some)):
                if job:
                    kept[job.name] = job
        self._trim()
        return Comparison([kept[each] for each in listed if each in kept], len(listed))

    async def _read(self, aws: Aws, name: str) -> ComparedJob | None:
        try:
            job = await training_jobs.described(aws, name)
        except NotThere:
            return None
        own = {key: value for key, value in job.hyperparameters.items() if not key.startswith(SUBMIT_DIRECTORY)}
        compared = ComparedJob(job.name, job.status, job.created, job.seconds, own, job.final_metrics, _settings(job))
        if job.is_ended:
            self._kept[_key(name, job.created)] = compared
        return compared

    def _trim(self) -> None:
        while len(self._kept) > KEPT_JOBS:
            self._kept.popitem(last=False)


def _varying(each: Sequence[Mapping[str, str]]) -> list[str]:
    names = {name for values in each for name in values}
    return sorted(name for name in names if len({values.get(name) for values in each}) > 1)


def _settings(job: Job) -> Mapping[str, str]:
    data = {f"data: {channel.name}": channel.uri for channel in job.channels}
    return {"image": job.image, "instances": job.instances, **data}


def _key(name: str, created: datetime) -> Key:
    return name, int(created.timestamp())
