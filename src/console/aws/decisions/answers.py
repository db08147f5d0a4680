"""What people answered in the review: the records of ground truth, read back from the bucket."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from console.aws.captures import Listing
from console.aws.client import Aws
from console.aws.review import PREFIX, ground_truth
from console.aws.workflow import Workflow
from console.errors import ConsoleError, NotThere

SHOWN = 20
KEPT_S = 5.0
KEPT_LABELS = 1000
RECORD_MAX = 4096
"""A record of one answer has some 150 bytes."""


@dataclass(frozen=True)
class PastAnswer:
    """An answer. The inference id is the end of the execution's name."""

    inference_id: str
    label: str
    number: int
    answered: datetime | None
    key: str


class Answers:
    """The answers that were read last. A record is read again when it has been written again."""

    def __init__(self) -> None:
        self._labels: OrderedDict[tuple[str, datetime | None], int] = OrderedDict()

    async def newest(self, aws: Aws, workflow: Workflow, limit: int = SHOWN) -> list[PastAnswer]:
        """Return the last answers about images of the workflow's endpoint, the newest hour of decision first."""
        listing = Listing(aws, workflow.bucket, order=lambda file: str(file.time))
        try:
            records = await listing.newest(f"{PREFIX}/{workflow.endpoint}/", limit, KEPT_S)
        except ConsoleError:
            return []  # the role may not list the bucket
        read = await asyncio.gather(*(self._read(aws, workflow, each.key, each.time) for each in records))
        return [each for each in read if each]

    async def of_execution(
        self, aws: Aws, workflow: Workflow, execution: str, decided: Iterable[datetime]
    ) -> PastAnswer | None:
        """Return the answer about an execution whose decision was made at one of these times; None without one."""
        keys = dict.fromkeys(ground_truth(workflow.endpoint, execution, 0, time)[0] for time in decided)
        for key in keys:
            try:
                head = await aws.call("s3", "head_object", KEPT_S, Bucket=workflow.bucket, Key=key)
            except ConsoleError:
                continue
            return await self._read(aws, workflow, key, head.get("LastModified"))
        return None

    async def _read(self, aws: Aws, workflow: Workflow, key: str, time: datetime | None) -> PastAnswer | None:
        if (key, time) not in self._labels:
            try:
                body = await aws.read_object(workflow.bucket, key, 0, RECORD_MAX)
                self._labels[key, time] = int(json.loads(body)["groundTruthData"]["data"])
            except (ConsoleError, ValueError, LookupError, TypeError):
                return None  # a record of another program, which may have many lines
            while len(self._labels) > KEPT_LABELS:
                self._labels.popitem(last=False)
        number = self._labels[key, time]
        label = workflow.classes[number] if 0 <= number < len(workflow.classes) else f"class {number}"
        return PastAnswer(key.rpartition("/")[2].removesuffix(".jsonl"), label, number, time, key)


async def record(aws: Aws, workflow: Workflow, key: str) -> str:
    """Return the text of a record of ground truth of the workflow; empty if the key is that of something else."""
    if not key.startswith(f"{PREFIX}/{workflow.endpoint}/"):
        return ""
    try:
        return (await aws.read_object(workflow.bucket, key, 0, RECORD_MAX)).decode(errors="replace")
    except NotThere:
        return ""
