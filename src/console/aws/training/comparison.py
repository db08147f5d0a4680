"""Up to a thousand training jobs side by side: what differs between them, and how they ended.

A list has no metrics, so each job is read once. Many are read by Search, which describes a hundred jobs in one answer,
and few by DescribeTrainingJob, as are those that Search does not have. Each call reads as long as its budget
allows, and the page shows what has been read. Ended jobs are kept in a compact form and never read again as long as
the list has them with the same time of creation.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from console.aws.client import NAMED_S, Aws
from console.aws.training import jobs as training_jobs
from console.aws.training.jobs import SUBMIT_DIRECTORY, Job, JobSummary, job_of
from console.errors import ConsoleError, NotThere

JOBS_MAX = 1000
KEPT_JOBS = 4000
AT_ONCE = 24
SEARCHED_AT_ONCE = 100
FEW = 12
"""So many jobs are described one by one."""

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
        self._no_search_until = 0.0

    async def compare(self, aws: Aws, budget_s: float, name: str = "", names: Sequence[str] = ()) -> Comparison:
        """Return the jobs in `names`, or else the newest whose names contain `name`, as far as they have been read."""
        ends = time.monotonic() + budget_s
        if names:
            listed: list[str] = list(names)[:JOBS_MAX]
            kept = await self._described(aws, listed, ends)
        else:
            summaries = await training_jobs.listed_up_to(aws, JOBS_MAX, name)
            listed = [job.name for job in summaries]
            kept = await self._read(aws, summaries, name, max(ends, time.monotonic() + budget_s / 2))
        self._trim()
        return Comparison([kept[each] for each in listed if each in kept], len(listed))

    async def _read(self, aws: Aws, summaries: Sequence[JobSummary], name: str, ends: float) -> dict[str, ComparedJob]:
        """Return the jobs that are kept, and those that can be read in time, by name."""
        known = (self._kept.get(_key(job.name, job.created)) for job in summaries)
        read = {job.name: job for job in known if job}
        missing = [job for job in summaries if job.name not in read]
        while len(missing) > FEW and time.monotonic() < ends:
            read |= await self._searched(aws, name, missing[0].created)
            if missing[0].name not in read:
                break
            missing = [job for job in missing if job.name not in read]
        return read | await self._described(aws, [job.name for job in missing], ends)

    async def _searched(self, aws: Aws, name: str, newest: datetime) -> dict[str, ComparedJob]:
        """Return the newest jobs that were created until then. Empty if this account may not search."""
        if time.monotonic() < self._no_search_until:
            return {}
        until = f"{(newest + timedelta(seconds=1)).astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
        filters = [{"Name": "CreationTime", "Operator": "LessThanOrEqualTo", "Value": until}]
        filters += [{"Name": "TrainingJobName", "Operator": "Contains", "Value": name}] if name else []
        request: dict[str, Any] = {"SortBy": "CreationTime", "SortOrder": "Descending", "MaxResults": SEARCHED_AT_ONCE}
        try:
            answer = await aws.call(
                "sagemaker", "search", 0, Resource="TrainingJob", SearchExpression={"Filters": filters}, **request
            )
        except ConsoleError:
            self._no_search_until = time.monotonic() + NAMED_S  # the role may describe jobs and not search
            return {}
        jobs = [self._compared(job_of(each["TrainingJob"])) for each in answer["Results"]]
        return {job.name: job for job in jobs}

    async def _described(self, aws: Aws, names: Sequence[str], ends: float) -> dict[str, ComparedJob]:
        read: dict[str, ComparedJob] = {}
        for start in range(0, len(names), AT_ONCE):
            if time.monotonic() >= ends:
                break
            jobs = await asyncio.gather(*(self._describe(aws, each) for each in names[start : start + AT_ONCE]))
            read |= {job.name: job for job in jobs if job}
        return read

    async def _describe(self, aws: Aws, name: str) -> ComparedJob | None:
        try:
            return self._compared(await training_jobs.described(aws, name))
        except NotThere:
            return None

    def _compared(self, job: Job) -> ComparedJob:
        own = {key: value for key, value in job.hyperparameters.items() if not key.startswith(SUBMIT_DIRECTORY)}
        compared = ComparedJob(job.name, job.status, job.created, job.seconds, own, job.final_metrics, _settings(job))
        if job.is_ended:
            self._kept[_key(job.name, job.created)] = compared
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
