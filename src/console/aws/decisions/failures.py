"""Failures: why an execution ended as it did, and everything that failed in the last hour.

An execution of the workflow whose image is below the threshold fails by design: the image goes to a person. Its status
is FAILED, as Step Functions has it; pages show it as NEEDS_REVIEW, so that a failure that is one stands out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.aws import executions, state_machines
from console.aws.client import Aws
from console.aws.decisions.events import FAILED, Event, of_execution, of_job
from console.aws.executions import cause_text, request_in
from console.aws.state_machines import ExecutionSummary, Machine
from console.aws.training import jobs as training_jobs
from console.errors import ConsoleError

LISTED_STATUSES = ("FAILED", "TIMED_OUT")
BELOW_THRESHOLD = "ThresholdConfidenceNotMet"
"""The error of the workflow's filter function."""
NEEDS_REVIEW = "NEEDS_REVIEW"
LAST_HOUR = timedelta(hours=1)
LISTED = 100
MACHINES_SHOWN = 12
KEPT_S = 4.0
REASON_MAX = 300


@dataclass(frozen=True)
class Reason:
    """Why something failed: the error's name, and the first line of its cause. Both are empty if it did not fail."""

    error: str = ""
    cause: str = ""
    request: str = ""
    """The id of the invocation of the function that failed, if the cause names it. It is in the lines of its log."""

    @property
    def is_known(self) -> bool:
        return bool(self.error or self.cause)

    @property
    def is_below_threshold(self) -> bool:
        return self.error == BELOW_THRESHOLD


@dataclass(frozen=True)
class LastHour:
    """The newest failures of the last hour, the newest first. `is_cut`: there are more."""

    failures: list[tuple[Event, Reason]]
    is_cut: bool = False

    @property
    def own(self) -> list[tuple[Event, Reason]]:
        """The failures without the images that are below the threshold."""
        return [each for each in self.failures if not each[1].is_below_threshold]

    @property
    def for_review(self) -> int:
        return len(self.failures) - len(self.own)


def first_line(text: str) -> str:
    return text.strip().partition("\n")[0][:REASON_MAX]


def shown_status(status: str, reason: Reason) -> str:
    """Return the status that pages show: that of AWS, or NEEDS_REVIEW."""
    return NEEDS_REVIEW if status == "FAILED" and reason.is_below_threshold else status


async def reason_of(aws: Aws, status: str, name: str, machine: str) -> Reason:
    """Return why a job, or an execution of a machine, failed; an empty reason if it did not, or if nothing says why."""
    if status not in FAILED:
        return Reason()
    try:
        if not machine:
            return Reason(cause=(await training_jobs.described(aws, name)).failure)
        execution = await executions.described(aws, machine, name)
    except ConsoleError:
        return Reason()
    return Reason(execution.error, first_line(cause_text(execution.cause)), request_in(execution.cause))


async def reasons(aws: Aws, rows: Iterable[ExecutionSummary]) -> list[Reason]:
    """Return why each of these executions failed."""
    return await asyncio.gather(*(reason_of(aws, row.status, row.name, row.machine) for row in rows))


async def last_hour(aws: Aws, machines: Sequence[Machine], limit: int | None = None) -> LastHour:
    """Return what failed in the last hour, of LISTED jobs, and LISTED executions of each status and machine.

    Only the first MACHINES_SHOWN machines are asked. Each reason is a call, so a page that shows few failures sets a
    limit.
    """
    asked, since = machines[:MACHINES_SHOWN], datetime.now(UTC) - LAST_HOUR
    pages = await asyncio.gather(
        _jobs(aws), *(_executions(aws, machine, status) for machine in asked for status in LISTED_STATUSES)
    )
    recent = [each for page, _ in pages for each in page if each.time >= since]
    recent.sort(key=lambda each: each.time, reverse=True)
    newest = recent[:limit]
    told = await asyncio.gather(*(reason_of(aws, each.status, each.name, each.machine) for each in newest))
    is_cut = any(has_more and page and page[-1].time >= since for page, has_more in pages)
    return LastHour(list(zip(newest, told, strict=True)), is_cut or len(newest) < len(recent))


async def _jobs(aws: Aws) -> tuple[list[Event], bool]:
    try:
        rows, following = await training_jobs.listed(aws, status="Failed", limit=LISTED, keep_s=KEPT_S)
    except ConsoleError:
        return [], False
    return [of_job(row) for row in rows], bool(following)


async def _executions(aws: Aws, machine: Machine, status: str) -> tuple[list[Event], bool]:
    try:
        rows, following = await state_machines.executions(aws, machine, status, limit=LISTED, keep_s=KEPT_S)
    except ConsoleError:
        return [], False
    # a server that ignores the filter would count executions that did not fail
    return [of_execution(row) for row in rows if row.status == status], bool(following)
