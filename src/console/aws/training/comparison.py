"""Up to a thousand training jobs side by side: what differs between them, and how they ended.

A list has no metrics, so each job is read once. Many are read by Search, which describes a hundred jobs in one answer,
and few by DescribeTrainingJob, as are those that Search does not have. The epoch that a job of the image-classification
algorithm keeps is only in its log. Each call reads as long as its budget allows, and the page shows what has been read.
Ended jobs are kept in a compact form and never read again as long as the list has them with the same time of creation.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from console.aws.client import NAMED_S, Answer, Aws
from console.aws.search import NEWEST_FIRST, created_until
from console.aws.training import image_classification
from console.aws.training import jobs as training_jobs
from console.aws.training.image_classification import CHOOSES, EPOCHS, Best
from console.aws.training.jobs import ENDED, OLDER_PAGES_S, SUBMIT_DIRECTORY, Job, JobSummary, job_of
from console.errors import ConsoleError, NotThere

JOBS_MAX = 1000
KEPT_JOBS = 4000
AT_ONCE = 24
SEARCHED_AT_ONCE = 100
FEW = 12
"""So many jobs are described one by one."""

LOG_SETTLES = timedelta(minutes=1)
"""The last lines of a log may arrive so long after the job's end."""
TRAINING_TIME = "training time"
"""A job's seconds from the start to the end of training. From its creation they are more, since it waits first."""
LAST = ", last epoch"
"""After a metric's name: its last value, in a comparison where the name alone is that of the epoch that is kept."""
AS_SET = ", as set"
"""After the name of a hyperparameter that is also the name of a metric."""

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
    last: Mapping[str, float]
    """The last values. `metrics` has those of the epoch that is kept, where that is known."""
    best: Best | None = None
    """The epoch that is kept; None if the algorithm tells none, or if its log has not been read."""
    unread: Job | None = None
    """The job itself while its log is still to be read."""
    defaults: Mapping[str, str] = field(default_factory=dict)
    """The algorithm's values of hyperparameters that the job does not set, as far as they are known."""

    def epoch_of(self, metric: str) -> int | None:
        """Return the epoch of the value in `metrics`; None if it is the last value."""
        return self.best.epoch if self.best and metric == CHOOSES else None

    @property
    def epochs_run(self) -> int | None:
        """How many epochs the job had, if it ended before all that were set: it was stopped, or stopped early."""
        wanted = self.hyperparameters.get(EPOCHS, self.defaults.get(EPOCHS, ""))
        is_short = self.best and self.status in ENDED and wanted.isdecimal() and self.best.last.number < int(wanted)
        return self.best.last.number if self.best and is_short else None

    @property
    def headline(self) -> str:
        """The metric that stands for the job: one of validation before others; empty without one."""
        return min(self.metrics, key=_order, default="")


@dataclass(frozen=True)
class Comparison:
    """The jobs that have been read, in the order of the list, and how many the list has: JOBS_MAX at most."""

    jobs: list[ComparedJob]
    listed: int
    is_cut: bool = False
    """Whether there are more jobs than the list has."""
    matching: int | None = None
    """How many jobs there are, if the list is cut and it is known."""

    @cached_property
    def _measured(self) -> frozenset[str]:
        """The names of the metrics that any job has."""
        return frozenset(name for job in self.jobs for name in job.metrics)

    @property
    def varying(self) -> list[str]:
        """The hyperparameters that do not have the same value in all jobs, by name. A default counts as a value."""
        is_set = {name for job in self.jobs for name in job.hyperparameters}
        names = [
            name for name in _varying([{**job.defaults, **job.hyperparameters} for job in self.jobs]) if name in is_set
        ]
        return [name + AS_SET if name in self._measured else name for name in names]

    def set_value(self, job: ComparedJob, name: str) -> str | None:
        """Return the text of a job's hyperparameter, by its name in `varying`, or its default; None if unknown."""
        own = name.removesuffix(AS_SET)
        return job.hyperparameters.get(own, job.defaults.get(own))

    def told_value(self, job: ComparedJob, name: str) -> str | None:
        """Return `set_value` for people: `32 (default)` if the job does not set it, `9 of 30` if it ended early."""
        value, own = self.set_value(job, name), name.removesuffix(AS_SET)
        if name == EPOCHS and job.epochs_run is not None:
            return f"{job.epochs_run} of {value}"
        return f"{value} (default)" if value is not None and own not in job.hyperparameters else value

    @property
    def varying_settings(self) -> list[str]:
        """The settings that differ between the jobs, by name."""
        return _varying([job.settings for job in self.jobs])

    @property
    def metrics(self) -> list[str]:
        """The names of metrics: that of the kept epoch first, then its last value, then the others."""
        names = sorted(self._measured, key=_order)
        return [names[0], names[0] + LAST, *names[1:]] if any(job.best for job in self.jobs) else names

    @property
    def unread(self) -> int:
        """The number of jobs whose log is still to be read."""
        return sum(job.unread is not None for job in self.jobs)

    def value(self, job: ComparedJob, name: str) -> float | None:
        """Return the finite number that a job has under a metric's or a hyperparameter's name, or its TRAINING_TIME."""
        if name == TRAINING_TIME:
            return job.seconds
        if name.endswith(LAST):
            return job.last.get(name.removesuffix(LAST))
        if name in self._measured:
            return job.metrics.get(name)
        if name == EPOCHS and job.epochs_run is not None:
            return float(job.epochs_run)
        try:
            number = float(self.set_value(job, name) or "")
        except ValueError:
            return None
        return number if math.isfinite(number) else None


class ComparedJobs:
    """The jobs that have ended and were read before."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, ComparedJob] = OrderedDict()
        self._no_search_until = 0.0
        self._no_logs_until = 0.0

    async def compare(self, aws: Aws, budget_s: float, name: str = "", names: Sequence[str] = ()) -> Comparison:
        """Return the jobs in `names`, or else the newest whose names contain `name`, as far as they have been read."""
        ends = time.monotonic() + budget_s
        matching: int | None = len(names)
        if names:
            listed: list[str] = list(names)[:JOBS_MAX]
            is_cut = len(names) > JOBS_MAX
            kept = await self._described(aws, listed, ends)
        else:
            summaries, is_cut = await training_jobs.listed_up_to(aws, JOBS_MAX, name)
            matching = await self._matching(aws, name) if is_cut else None
            listed = [job.name for job in summaries]
            ends = max(ends, time.monotonic() + budget_s / 2)
            kept = await self._read(aws, summaries, name, ends)
        kept |= await self._judged(aws, [kept[each] for each in listed if each in kept], ends)
        self._trim()
        return Comparison([kept[each] for each in listed if each in kept], len(listed), is_cut, matching)

    async def of_page(self, aws: Aws, summaries: Sequence[JobSummary], budget_s: float) -> dict[str, ComparedJob]:
        """Return the jobs of a page of the list, as far as they have been read, by name."""
        ends = time.monotonic() + budget_s
        kept = await self._read(aws, summaries, "", ends, may_search=False)
        kept |= await self._judged(aws, list(kept.values()), ends)
        self._trim()
        return kept

    async def _judged(self, aws: Aws, jobs: Sequence[ComparedJob], ends: float) -> dict[str, ComparedJob]:
        """Return those jobs whose log could be read in time, with their best epochs, by name."""
        unread = [job for job in jobs if job.unread]
        judged: dict[str, ComparedJob] = {}
        for start in range(0, len(unread), AT_ONCE):
            if (start and time.monotonic() >= ends) or time.monotonic() < self._no_logs_until:
                break
            read = await asyncio.gather(*(self._judge(aws, job) for job in unread[start : start + AT_ONCE]))
            judged |= {job.name: job for job in read}
        return judged

    async def _judge(self, aws: Aws, compared: ComparedJob) -> ComparedJob:
        job = compared.unread
        assert job is not None
        try:
            best = await image_classification.best_epoch(aws, job)
        except ConsoleError:
            self._no_logs_until = time.monotonic() + NAMED_S  # the role may not read logs, or has read too many
            return compared
        if best:
            metrics, last = ({**compared.metrics, CHOOSES: each.value} for each in (best.kept, best.last))
            compared = replace(compared, metrics=metrics, last=last, best=best)
        compared = replace(compared, unread=None)
        if job.ended and datetime.now(UTC) - job.ended > LOG_SETTLES:
            self._kept[_key(job.name, job.created)] = compared
        return compared

    async def _read(
        self, aws: Aws, summaries: Sequence[JobSummary], name: str, ends: float, may_search: bool = True
    ) -> dict[str, ComparedJob]:
        """Return the jobs that are kept, and those that can be read in time, by name."""
        known = (self._kept.get(_key(job.name, job.created)) for job in summaries)
        read = {job.name: job for job in known if job}
        missing = [job for job in summaries if job.name not in read]
        while may_search and len(missing) > FEW and time.monotonic() < ends:
            read |= await self._searched(aws, name, missing[0].created)
            if missing[0].name not in read:
                break
            missing = [job for job in missing if job.name not in read]
        return read | await self._described(aws, [job.name for job in missing], ends)

    async def _searched(self, aws: Aws, name: str, newest: datetime) -> dict[str, ComparedJob]:
        """Return the newest jobs that were created until then. Empty if this account may not search."""
        if time.monotonic() < self._no_search_until:
            return {}
        filters = [created_until(newest), *_named(name)]
        answer = await self._search(aws, filters, 0, MaxResults=SEARCHED_AT_ONCE, **NEWEST_FIRST)
        jobs = [self._compared(job_of(each["TrainingJob"])) for each in answer.get("Results", ())]
        return {job.name: job for job in jobs}

    async def _matching(self, aws: Aws, name: str) -> int | None:
        """Return how many jobs there are whose names contain `name`; None if this account may not search."""
        if time.monotonic() < self._no_search_until:
            return None
        answer = await self._search(aws, _named(name), OLDER_PAGES_S, MaxResults=1)
        total = answer.get("TotalHits", {})
        return int(total["Value"]) if total.get("Relation") == "EqualTo" and total["Value"] > JOBS_MAX else None

    async def _search(self, aws: Aws, filters: Sequence[Mapping[str, str]], keep_s: float, **request: Any) -> Answer:
        """Return Search's answer about training jobs; an empty one if this account may not search."""
        expression = {"SearchExpression": {"Filters": list(filters)}} if filters else {}
        try:
            return await aws.call("sagemaker", "search", keep_s, Resource="TrainingJob", **expression, **request)
        except ConsoleError:
            self._no_search_until = time.monotonic() + NAMED_S  # the role may describe jobs and not search
            return {}

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
        compared = ComparedJob(
            job.name, job.status, job.created, job.seconds, own, job.final_metrics, _settings(job), job.final_metrics
        )
        if image_classification.is_used_by(job):
            compared = replace(compared, unread=job, defaults=image_classification.defaults_of(job))
        if job.is_ended:
            self._kept[_key(job.name, job.created)] = compared
        return compared

    def _trim(self) -> None:
        while len(self._kept) > KEPT_JOBS:
            self._kept.popitem(last=False)


def _named(name: str) -> list[dict[str, str]]:
    """Return Search's filters of the jobs whose names contain `name`."""
    return [{"Name": "TrainingJobName", "Operator": "Contains", "Value": name}] if name else []


def in_order(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return the values of metrics with those first that say most about a model."""
    return {name: metrics[name] for name in sorted(metrics, key=_order)}


def _order(metric: str) -> tuple[bool, bool, str]:
    """Return the key that sorts metrics: those that say most about a model come first."""
    return metric != CHOOSES, not metric.startswith("validation"), metric


def _varying(each: Sequence[Mapping[str, str]]) -> list[str]:
    names = {name for values in each for name in values}
    return sorted(name for name in names if len({values.get(name) for values in each}) > 1)


def _settings(job: Job) -> Mapping[str, str]:
    data = {f"data: {channel.name}": channel.uri for channel in job.channels}
    return {"image": job.image, "instances": job.instances, **data}


def _key(name: str, created: datetime) -> Key:
    return name, int(created.timestamp())
