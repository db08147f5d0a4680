"""Logs of training jobs, and the curves of their metrics, which SageMaker itself reads from the log.

CloudWatch has a metric's values by the minute only. A job of forty seconds would be one point. MetricDefinitions are
patterns for log lines, so the console applies them to the same lines, and has every value with its time.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import regex

from console.aws.client import Aws
from console.aws.logs import Line, Tail
from console.aws.training.jobs import Job
from display import epochs
from safety.bounded_search import BoundedSearch

GROUP = "/aws/sagemaker/TrainingJobs"
KEPT_JOBS = 32
VALUES_MAX = 20_000
TAB = "#011"  # as AWS's log agent writes tabs, and as metric definitions expect them


@dataclass(frozen=True)
class Value:
    """The nth value of a metric, and its time in seconds since 1970."""

    number: int
    time: float
    value: float
    epoch: int | None = None
    """The epoch that its line names, counted from one; None if it names none."""


@dataclass
class JobLog:
    """A job's log, as far as it has been read, and the curves in it."""

    tail: Tail
    searches: Mapping[str, BoundedSearch]
    curves: dict[str, list[Value]] = field(default_factory=dict)
    is_complete: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def read(self, lines: Iterable[Line]) -> None:
        """Take the metrics' values from the lines, by SageMaker's rule: the first group is the number."""
        for line in lines:
            text = line.text.replace("\t", TAB)
            for name, search in self.searches.items():
                if (match := search.find(text)) and (value := _number(match)) is not None:
                    curve = self.curves.setdefault(name, [])
                    if len(curve) < VALUES_MAX:
                        curve.append(Value(len(curve) + 1, line.time.timestamp(), value, epochs.number_in(text)))


class JobLogs:
    """The logs of the jobs that were looked at last."""

    def __init__(self) -> None:
        self._logs: OrderedDict[tuple[str, datetime], JobLog] = OrderedDict()

    async def read(self, aws: Aws, job: Job) -> JobLog:
        """Return the job's log with everything that has been written to it by now."""
        key = (job.arn, job.created)  # a name can be used again after a deletion
        since = job.created.replace(microsecond=job.created.microsecond // 1000 * 1000)  # as exact as lines are
        tail = Tail(GROUP, f"{job.name}/", since=since)
        log = self._logs.setdefault(key, JobLog(tail, _searches(job.metric_patterns)))
        self._logs.move_to_end(key)
        while len(self._logs) > KEPT_JOBS:
            self._logs.popitem(last=False)
        async with log.lock:
            if not log.is_complete:
                new = await log.tail.advance(aws)
                await asyncio.to_thread(log.read, new)
                # the last lines may arrive after the job's end
                log.is_complete = job.is_ended and not new and log.tail.total > 0
        return log


def curves_in(lines: Iterable[Line], definitions: Mapping[str, str]) -> dict[str, list[Value]]:
    """Return the curves of metrics, by their definitions, in lines of a log."""
    log = JobLog(Tail(GROUP, ""), _searches(definitions))
    log.read(lines)
    return log.curves


def _searches(definitions: Mapping[str, str]) -> dict[str, BoundedSearch]:
    searches = {}
    for name, text in definitions.items():
        try:
            searches[name] = BoundedSearch(re.compile(text), regex.compile)
        except (re.error, regex.error):
            continue  # AWS's regular expressions are not Python's: such a metric has no curve
    return searches


def _number(match: re.Match[str]) -> float | None:
    try:
        value = float(match[1] if match.re.groups else match[0])
    except (TypeError, ValueError):
        return None
    return value if math.isfinite(value) else None
