"""What people answered in the review: the records of ground truth, read back from the bucket."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from console.aws.captures.listing import File, Listing, file_of
from console.aws.captures.records import execution_in, id_of
from console.aws.client import Aws
from console.aws.review.answer_log import AnswerLog, Entry
from console.aws.review.corrections import RECORD_MAX
from console.aws.review.ground_truth import folder_of, inference_id_of, key_of, label_in
from console.aws.review.image_answers import answer_about
from console.aws.review.messages import Place, confidence_of, image_path, label_of
from console.aws.review.pictures import picture_of
from console.aws.workflow import Workflow
from console.errors import ConsoleError, NotThere

SHOWN = 20
KEPT_S = 5.0
KEPT_LABELS = 1000


@dataclass(frozen=True)
class PastAnswer:
    """An answer. The inference id is the end of the execution's name."""

    inference_id: str
    label: str
    number: int
    answered: datetime | None
    key: str


@dataclass(frozen=True)
class GivenAnswer:
    """The answer about the image of an execution, or of a captured record."""

    answer: PastAnswer
    is_own: bool = True
    """Whether a record of ground truth names it; else the answer was given about the same image."""
    is_replaced: bool = False
    """Whether the image in S3 is another one than that which the person saw."""


def review_address(execution: str, given: GivenAnswer | None) -> str:
    """Return the address of the answer about the image of an execution, or of the image among those that wait."""
    if given and given.answer.inference_id:
        return f"/review#answer-{given.answer.inference_id}"
    return f"/review?execution={quote(execution)}"


class Answers:
    """The answers that were read last. A record is read again when it has another version.

    S3's times are whole seconds, and an answer may be changed within one.
    """

    def __init__(self) -> None:
        self._labels: OrderedDict[tuple[str, str], int] = OrderedDict()

    async def newest(self, aws: Aws, workflow: Workflow, limit: int = SHOWN) -> list[PastAnswer]:
        """Return the last answers about images of the workflow's endpoint, the newest hour of decision first."""
        listing = Listing(aws, workflow.bucket, order=lambda file: str(file.time))
        try:
            records = await listing.newest(folder_of(workflow.endpoint), limit, KEPT_S)
        except ConsoleError:
            return []  # the role may not list the bucket
        read = await asyncio.gather(*(self._read(aws, workflow, each) for each in records))
        return [each for each in read if each]

    async def given(
        self, aws: Aws, workflow: Workflow, ids: Sequence[str], decided: Iterable[datetime], image: Place | None
    ) -> GivenAnswer | None:
        """Return the answer about the image of a decision that was made at one of these times; None without one.

        `ids` name it in the ground truth, as the name of its execution does. An answer about the same image that was
        given through another execution counts, too. Raises Refused.
        """
        keys = dict.fromkeys(key_of(workflow.endpoint, each, time) for time in decided for each in ids)
        for key in keys:
            if (own := await self._at(aws, workflow, key)) is not None:
                return GivenAnswer(own)
        about = await answer_about(aws, workflow, image) if image else None
        if about is None or image is None:
            return None
        own_keys = [key for key in about.keys if inference_id_of(key) in map(id_of, ids)]
        key = next(iter((*own_keys, *reversed(about.keys))), "")
        name, version = workflow.name_of(about.label), (await picture_of(aws, *image)).version
        answer = PastAnswer(inference_id_of(key), name, about.label, about.answered, key)
        return GivenAnswer(answer, is_own=bool(own_keys), is_replaced=version not in ("", about.version))

    async def _at(self, aws: Aws, workflow: Workflow, key: str) -> PastAnswer | None:
        """Return the answer of a record of ground truth; None if it is not there, or is of another form."""
        try:
            head = await aws.call("s3", "head_object", KEPT_S, Bucket=workflow.bucket, Key=key)
        except NotThere:
            return None
        return await self._read(aws, workflow, file_of({"Key": key, **head}))

    async def _read(self, aws: Aws, workflow: Workflow, file: File) -> PastAnswer | None:
        version = (file.key, file.version)
        if version not in self._labels:
            label = label_in(await record(aws, workflow, file.key))
            if label is None:
                return None
            self._labels[version] = label
            while len(self._labels) > KEPT_LABELS:
                self._labels.popitem(last=False)
        number = self._labels[version]
        return PastAnswer(inference_id_of(file.key), workflow.name_of(number), number, file.time, file.key)


@dataclass(frozen=True)
class LoggedAnswer:
    """An answer that holds, with what the log knows of it. The log is empty for an answer of another program."""

    answer: PastAnswer
    entries: tuple[Entry, ...]

    @property
    def can_be_changed(self) -> bool:
        return bool(self.entries and self.entries[-1].message)

    @property
    def execution(self) -> str:
        """The name of the execution; empty if it is not known: the inference id may be only its end."""
        message = self.entries[-1].message if self.entries else {}
        return str(message.get("execution") or execution_in(None, self.answer.inference_id))

    @property
    def image(self) -> str:
        return image_path(self.entries[-1].message) if self.can_be_changed else ""

    @property
    def predicted(self) -> str:
        return label_of(self.entries[-1].message) if self.can_be_changed else ""

    @property
    def confidence(self) -> float:
        return confidence_of(self.entries[-1].message) if self.can_be_changed else 0.0

    @property
    def earlier(self) -> tuple[Entry, ...]:
        """The answers before this one, the newest first; one without a class is an undoing."""
        return tuple(reversed(self.entries[:-1]))

    @property
    def sent_order(self) -> bool:
        return any(each.sent_order for each in self.entries)


async def logged(aws: Aws, workflow: Workflow, log: AnswerLog, answers: Iterable[PastAnswer]) -> list[LoggedAnswer]:
    """Return the answers with their entries of the log."""
    listed = list(answers)
    entries = await asyncio.gather(*(_entries(aws, workflow, log, each.key) for each in listed))
    return [LoggedAnswer(answer, tuple(each)) for answer, each in zip(listed, entries, strict=True)]


async def _entries(aws: Aws, workflow: Workflow, log: AnswerLog, key: str) -> list[Entry]:
    try:
        return await log.of(aws, workflow, key)
    except ConsoleError:
        return []  # the role may not list the bucket


async def record(aws: Aws, workflow: Workflow, key: str) -> str:
    """Return the text of a record of ground truth of the workflow; empty without one that can be read."""
    if not key.startswith(folder_of(workflow.endpoint)):
        return ""
    try:
        return (await aws.read_object(workflow.bucket, key, 0, RECORD_MAX)).decode(errors="replace")
    except ConsoleError:
        return ""
