"""Failed executions of SageMaker pipelines.

A list of executions has neither their ends nor what failed in them: it says that a step failed. Their steps have both,
so each failed execution's steps are read once and remembered, a few at a time.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from console.aws import pipelines
from console.aws.client import Aws
from console.aws.decisions.events import Event
from console.aws.pipelines import Execution, Step
from console.errors import ConsoleError

FAILED = "Failed"
STARTED_BEFORE = timedelta(days=1)
"""An execution of the last hour may have begun this long before it."""
PIPELINES_MAX, LISTED = 100, 100
READ_AT_ONCE = 20
"""The endings that one look reads of executions that may have failed too early to count."""
KEPT, KEPT_S = 4000, 4.0


@dataclass(frozen=True)
class Ending:
    """How an execution failed: when, the step that failed first, and why. Without a step: its own reason."""

    ended: datetime
    step: str
    cause: str


@dataclass(frozen=True)
class PipelineFailure:
    event: Event
    step: str
    cause: str
    is_read: bool
    """Whether step and cause are those of its steps: until these are read, its own reason is all that is known."""


@dataclass(frozen=True)
class PipelineFailures:
    """The failures since a time. `unread`: how many more may be among them. `is_cut`: the lists were too long."""

    failures: list[PipelineFailure]
    unread: int = 0
    is_cut: bool = False


class PipelineEndings:
    """The endings of the failed executions that were looked at last."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Ending] = OrderedDict()

    async def since(self, aws: Aws, since: datetime, read: int) -> PipelineFailures:
        """Return what has failed since a time, as far as the role may read pipelines.

        One that began earlier counts once its end has been read. Of the others, whose own reason says little, `read`
        more are read.
        """
        first = (since - STARTED_BEFORE).replace(second=0, microsecond=0)  # so that an answer serves the next looks
        try:
            names, is_cut = await pipelines.run_since(aws, first, PIPELINES_MAX, KEPT_S)
        except ConsoleError:
            return PipelineFailures([])
        lists = await asyncio.gather(*(_begun_since(aws, each, first) for each in names))
        rows = [(name, row) for name, (listed, _) in zip(names, lists, strict=True) for row in listed]
        failed = [(name, row) for name, row in rows if row.status == FAILED]
        for _, row in rows:
            if row.status != FAILED:
                self._kept.pop(row.arn, None)  # it is retried
        new = sorted((row for _, row in failed if row.arn not in self._kept), key=lambda row: row.started, reverse=True)
        await self._read(aws, [row for row in new if row.started < since][:READ_AT_ONCE])
        await self._read(aws, [row for row in new if row.started >= since][:read])
        unread = {row.arn for _, row in failed if row.started < since and row.arn not in self._kept}
        told = [self._failure(name, row) for name, row in failed if row.arn not in unread]
        recent = [each for each in told if each.event.time >= since]
        return PipelineFailures(recent, len(unread), is_cut or any(more for _, more in lists))

    async def _read(self, aws: Aws, failed: Sequence[Execution]) -> None:
        await asyncio.gather(*(self._ending(aws, row) for row in failed))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    async def _ending(self, aws: Aws, row: Execution) -> None:
        try:
            steps = await pipelines.steps(aws, row)
        except ConsoleError:
            steps = []  # it was deleted a moment ago, or the role may not read steps
        self._kept[row.arn] = ending_of(row, steps)

    def _failure(self, name: str, row: Execution) -> PipelineFailure:
        ending = self._kept.get(row.arn) or ending_of(row, ())
        event = Event(
            ending.ended.astimezone(UTC),
            f"execution of the pipeline {name}",
            row.id,
            f"/pipelines/{name}/{row.id}",
            row.status,
            (ending.ended - row.started).total_seconds(),
            pipeline=name,
        )
        return PipelineFailure(event, ending.step, ending.cause, row.arn in self._kept)


async def _begun_since(aws: Aws, pipeline: str, since: datetime) -> tuple[list[Execution], bool]:
    try:
        return await pipelines.begun_since(aws, pipeline, since, LISTED, KEPT_S)
    except ConsoleError:
        return [], False  # it was deleted a moment ago, or the role may not read it


def ending_of(row: Execution, steps: Sequence[Step]) -> Ending:
    """Return the ending that the steps show; without any, the execution's own reason, at its start."""
    ended = max((step.ended for step in steps if step.ended), default=row.started)
    failed = next((step for step in steps if step.status == FAILED), None)
    return Ending(ended, failed.name, failed.failure) if failed else Ending(ended, "", row.failure)
