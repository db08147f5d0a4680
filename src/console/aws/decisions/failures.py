"""Failures: why an execution ended as it did, and everything that failed in the last hour.

Jobs, executions of state machines and executions of SageMaker pipelines are in one list. A job that a pipeline started,
and whose execution failed for it, is counted with the execution; SageMaker puts the execution's id into the job's name.

An execution of the workflow whose image is below the threshold fails by design: the image goes to a person. Its status
is FAILED, as Step Functions has it; pages show it as NEEDS_REVIEW, so that a failure that is one stands out.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from console.aws import executions, state_machines
from console.aws.client import Aws
from console.aws.decisions.events import Event, of_execution, of_job
from console.aws.decisions.pipeline_failures import PipelineEndings, PipelineFailure
from console.aws.history.started import culprits_in
from console.aws.history.visits import request_in
from console.aws.state_machines import Machine
from console.aws.training import jobs as training_jobs
from console.errors import ConsoleError
from display.causes import cause_of

LISTED_STATUSES = ("FAILED", "TIMED_OUT")
BELOW_THRESHOLD = "ThresholdConfidenceNotMet"
"""The error of the workflow's filter function."""
NEEDS_REVIEW = "NEEDS_REVIEW"
LAST_HOUR = timedelta(hours=1)
LISTED = 100
READ_AT_ONCE = 75
"""The reasons that one look reads, so that a page costs the same in an hour with many failures."""
PAGES_MAX = 5
"""The pages of a list that are read, of LISTED rows each, until one reaches back further than an hour."""
REASONS_MAX = 500
"""The failures of the last hour whose reasons are read."""
KEPT_REASONS = 4000
MACHINES_SHOWN = 12
KEPT_S = 4.0
REASON_MAX = 300
Page = tuple[list[Event], str]
"""Events, and the token of the next page; empty after the last."""
Key = tuple[str, datetime]
"""The path of an event, and its time: a name can be used again, and an execution can be redriven."""


@dataclass(frozen=True)
class Reason:
    """Why something failed: the error's name, and the first line of its cause. Both are empty if it did not fail."""

    error: str = ""
    cause: str = ""
    request: str = ""
    """The id of the invocation of the function that failed, if the cause names it. It is in the lines of its log."""
    culprits: tuple[str, ...] = ()
    """The paths of the training jobs, or of the executions, whose failure this one only passes on."""

    @property
    def is_known(self) -> bool:
        return bool(self.error or self.cause)

    @property
    def is_below_threshold(self) -> bool:
        return self.error == BELOW_THRESHOLD


@dataclass(frozen=True)
class LastHour:
    """The failures of the last hour, the newest first. `is_cut`: there are more, and these are the newest.

    unread: the number of those that are known to have failed, and not yet whether by design, or within the hour.
    unexplained: the paths of those that count, and whose reasons are still to be read.
    """

    failures: list[tuple[Event, Reason]]
    is_cut: bool = False
    unread: int = 0
    unexplained: frozenset[str] = frozenset()

    @property
    def is_at_least(self) -> bool:
        """Whether there may be more than these."""
        return self.is_cut or self.unread > 0

    @property
    def being_read(self) -> int:
        """The number of those whose reasons are still to be read."""
        return self.unread + len(self.unexplained)

    @property
    def explained(self) -> list[tuple[Event, Reason]]:
        """The real failures whose reasons have been read: only these can be sorted by kind."""
        return [each for each in self.real if each[0].path not in self.unexplained]

    @property
    def own(self) -> list[tuple[Event, Reason]]:
        """The real failures that count: one that made another fail is counted with it."""
        inner = self.made
        return [each for each in self.real if each[0].path not in inner]

    @property
    def real(self) -> list[tuple[Event, Reason]]:
        """The failures without the images that are below the threshold."""
        return [each for each in self.failures if not each[1].is_below_threshold]

    @property
    def reviewed(self) -> list[tuple[Event, Reason]]:
        """The images that are below the threshold."""
        return [each for each in self.failures if each[1].is_below_threshold]

    @property
    def for_review(self) -> int:
        return len(self.reviewed)

    @property
    def made(self) -> dict[str, Event]:
        """The execution that each failed job, or execution that it waited for, made fail, by the path of the latter."""
        there = {event.path for event, _ in self.failures}
        return {path: event for event, reason in self.failures for path in reason.culprits if path in there}


def first_line(text: str) -> str:
    """Return the first line; of a long one, the words that fit, with an ellipsis."""
    line = text.strip().partition("\n")[0]
    return line if len(line) <= REASON_MAX else f"{line[:REASON_MAX].rpartition(' ')[0] or line[:REASON_MAX]} …"


def shown_status(status: str, reason: Reason) -> str:
    """Return the status that pages show: that of AWS, or NEEDS_REVIEW."""
    return NEEDS_REVIEW if status == "FAILED" and reason.is_below_threshold else status


async def reason_of(aws: Aws, event: Event) -> Reason:
    """Return why a job, or an execution of a machine, failed. Raises ConsoleError."""
    if not event.machine:
        return Reason(cause=(await training_jobs.described(aws, event.name)).failure)
    execution = await executions.described(aws, event.machine, event.name)
    return Reason(
        execution.error,
        first_line(cause_of(execution.error, execution.cause)),
        request_in(execution.cause),
        tuple(culprits_in(execution.cause)),
    )


class Reasons:
    """The reasons that were read last. The reason of an execution that ended at that time does not change."""

    def __init__(self) -> None:
        self.pipelines = PipelineEndings()
        self._kept: OrderedDict[Key, Reason] = OrderedDict()
        self._refused: OrderedDict[Key, None] = OrderedDict()

    async def of(self, aws: Aws, event: Event) -> Reason:
        """Return why something failed; an empty reason if it did not, or if nothing says why."""
        if not event.has_failed:
            return Reason()
        key = (event.path, event.time)
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        try:
            reason = self._kept[key] = await reason_of(aws, event)
        except ConsoleError:
            self._refused[key] = None
            reason = Reason()
        for kept in (self._kept, self._refused):
            while len(kept) > KEPT_REASONS:
                kept.popitem(last=False)
        return reason

    async def some(self, aws: Aws, events: Sequence[Event]) -> dict[str, Reason]:
        """Return why these failed, by their paths. Of those that are not known, the first READ_AT_ONCE are read."""
        failed = [each for each in events if each.has_failed]
        unread = [each for each in failed if (each.path, each.time) not in self._kept]
        unread.sort(key=lambda each: (each.path, each.time) in self._refused)
        await asyncio.gather(*(self.of(aws, each) for each in unread[:READ_AT_ONCE]))
        told: dict[str, Reason] = {}
        for each in failed:
            key = (each.path, each.time)
            if key in self._kept or key in self._refused:
                told[each.path] = self._kept.get(key, Reason())
        return told


async def last_hour(aws: Aws, machines: Sequence[Machine], known: Reasons, endings_read: int = 0) -> LastHour:
    """Return what failed in the last hour, of the jobs, the first MACHINES_SHOWN machines, and the pipelines.

    Lists are read up to PAGES_MAX, and reasons up to REASONS_MAX, since images for review, which may be many, are told
    from failures by their reasons only. Of these READ_AT_ONCE are read, and the rest when somebody looks again; and so
    are the endings of executions of pipelines, of which `endings_read` more are read than the count needs.
    """
    since = datetime.now(UTC) - LAST_HOUR
    lists = [partial(_jobs, aws)]
    lists += [
        partial(_executions, aws, each, status) for each in machines[:MACHINES_SHOWN] for status in LISTED_STATUSES
    ]
    (jobs, *read), of_pipelines = await asyncio.gather(
        asyncio.gather(*(_since(since, each) for each in lists)), known.pipelines.since(aws, since, endings_read)
    )
    recent = list({each.path: each for events, _ in (jobs, *read) for each in events}.values())
    recent.sort(key=lambda each: each.time, reverse=True)
    newest = recent[:REASONS_MAX]
    told = await known.some(aws, newest)
    failures = [(each, told[each.path]) for each in newest if each.path in told]
    failures += [(each.event, _reason(each, jobs[0])) for each in of_pipelines.failures]
    failures.sort(key=lambda each: each[0].time, reverse=True)
    is_cut = any(is_cut for _, is_cut in (jobs, *read)) or len(newest) < len(recent) or of_pipelines.is_cut
    unexplained = frozenset(each.event.path for each in of_pipelines.failures if not each.is_read)
    return LastHour(failures, is_cut, len(newest) - len(told) + of_pipelines.unread, unexplained)


def _reason(failure: PipelineFailure, jobs: Sequence[Event]) -> Reason:
    """Return why an execution of a pipeline failed. Its culprits are its jobs, which have its id in their names."""
    error = f"{failure.step} failed" if failure.step else ""
    culprits = tuple(each.path for each in jobs if failure.event.name in each.name.split("-"))
    return Reason(error, first_line(failure.cause), culprits=culprits)


async def _since(since: datetime, page_after: Callable[[str], Awaitable[Page]]) -> tuple[list[Event], bool]:
    """Return the events of a list since a time, and whether PAGES_MAX pages were too few for all of them."""
    events: list[Event] = []
    after = ""
    for _ in range(PAGES_MAX):
        page, after = await page_after(after)
        events += [each for each in page if each.time >= since]
        if not after or not page or page[-1].time < since:
            return events, False
    return events, True


async def _jobs(aws: Aws, after: str) -> Page:
    try:
        rows, following = await training_jobs.listed(aws, status="Failed", after=after, limit=LISTED, keep_s=KEPT_S)
    except ConsoleError:
        return [], ""
    return [of_job(row) for row in rows], following


async def _executions(aws: Aws, machine: Machine, status: str, after: str) -> Page:
    try:
        rows, following = await state_machines.executions(aws, machine, status, after, LISTED, KEPT_S)
    except ConsoleError:
        return [], ""
    # a server that ignores the filter would count executions that did not fail
    return [of_execution(row) for row in rows if row.status == status], following
