"""Subjects: the images that executions are about, as their inputs name them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime

from console.aws import executions
from console.aws.client import Aws
from console.aws.review.messages import Place, body_of, place_of
from console.aws.state_machines import ExecutionSummary
from console.errors import ConsoleError

IMAGES = (".png", ".jpg", ".jpeg", ".gif")
ANY: tuple[str, ...] = ("",)
"""Endings of keys: the images of the workflow may have any name, those of another machine are known by theirs."""
KEPT_SUBJECTS = 4000
Key = tuple[str, datetime]
"""An execution's ARN and start: a machine can be created again under its name."""


def image_of(text: str, endings: tuple[str, ...] = IMAGES) -> Place | None:
    """Return the place of the image that an execution is about, if its input names one."""
    bucket, key = place_of(body_of(text))
    return (bucket, key) if bucket and key and key.lower().endswith(endings) else None


class Subjects:
    """The images of the executions that were read last. An input never changes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, Place | None] = OrderedDict()

    async def of(
        self, aws: Aws, rows: Sequence[ExecutionSummary], endings: tuple[str, ...], budget_s: float
    ) -> dict[str, Place]:
        """Return the places of the images of executions, by the executions' names, as far as they can be read in time.

        A list has no inputs, so each execution is read once. What is asked in vain arrives for the next call.
        """
        unread = [row for row in rows if (row.arn, row.started) not in self._kept]
        if reads := [asyncio.ensure_future(self._read(aws, row, endings)) for row in unread]:
            await asyncio.wait(reads, timeout=budget_s)
        self._trim()
        return {row.name: place for row in rows if (place := self._kept.get((row.arn, row.started)))}

    async def _read(self, aws: Aws, row: ExecutionSummary, endings: tuple[str, ...]) -> None:
        try:
            execution = await executions.described(aws, row.machine, row.name)
        except ConsoleError:
            return  # the role may list executions and not read them
        self._kept[row.arn, row.started] = image_of(execution.input, endings)

    def _trim(self) -> None:
        while len(self._kept) > KEPT_SUBJECTS:
            self._kept.popitem(last=False)
