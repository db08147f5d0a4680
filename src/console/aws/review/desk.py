"""The review desk: the messages that the console holds, and the answers to them.

SQS has no way to look at a message without receiving it. The console receives a few and holds them for five minutes.
Nobody else gets them meanwhile, and a page that is reloaded shows the same ones.

An answer is written to the log, then as ground truth, and only after that the message is deleted, so no answer is lost.
The workflow sends no order for an image that it was not certain about. If the person wants one, the order of the
decided class goes to its loading bay, after the ground truth and before the deletion. An answer that is given again
after an error may therefore send its order twice. A message that SQS delivers twice is answered once.

An answer applies to all waiting messages about its image: those that are held, and those that are received later and
were sent before the answer. SQS says when: a time in the message is what its sender claims.

Pages of several tabs share the messages, and nothing else: what a page says about its own opening is returned to it,
and the version of an image that a person saw comes with the answer.

One answer, change or undoing is written after the other. A form that is sent twice is refused the second time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from console.aws.client import Aws
from console.aws.review.answer_log import AnswerLog, Entry, now
from console.aws.review.corrections import all_done, keep_unlogged
from console.aws.review.ground_truth import key_of, order, write
from console.aws.review.image_answers import ImageAnswer, answer_about, keep
from console.aws.review.messages import Held, Place, body_of
from console.aws.review.pictures import Picture, picture_of
from console.aws.review.queue_search import (
    RECEIVED_AT_ONCE,
    End,
    Message,
    Search,
    delete,
    receive,
    release,
    search,
    sent_of,
)
from console.aws.workflow import Workflow
from console.errors import BadRequest, ConsoleError, NotThere

HELD_S = 300
HELD_MAX = 12
RECEIVES = 10
"""How often a page that is opened may receive messages, as long as some of them have an answer already."""


@dataclass(frozen=True)
class Filled:
    """The messages that the console holds while a page is opened, the least certain first."""

    held: Sequence[Held] = ()
    settled: int = 0
    """How many more messages were received, and had an answer already."""
    search: Search | None = None
    """The search for the messages that the page wanted; None if it was not needed."""


@dataclass
class ReviewDesk:
    """The messages that the console holds."""

    log: AnswerLog = field(default_factory=AnswerLog)
    held: dict[str, Held] = field(default_factory=dict)
    _is_worn: bool = False
    """Whether the queue has messages that searches have received so often that there should be no more."""
    _receiving: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def fill(self, aws: Aws, workflow: Workflow, executions: Collection[str] = ()) -> Filled:
        """Take more messages where there is room. Raises Refused.

        The messages of these executions are looked for in the queue; they take the places of the most certain ones.
        A page that is left meanwhile does not interrupt it, or messages would be received that nobody holds.
        """
        return await asyncio.shield(self._filled(aws, workflow, executions))

    async def _filled(self, aws: Aws, workflow: Workflow, executions: Collection[str]) -> Filled:
        url = workflow.review_queue.url
        async with self._receiving:
            now = time.monotonic()
            self.held = {key: each for key, each in self.held.items() if each.until > now}
            settled = 0
            for _ in range(RECEIVES):
                wanted = min(RECEIVED_AT_ONCE, HELD_MAX - len(self.held))
                done = await self._hold(aws, workflow, await receive(aws, url, wanted, HELD_S)) if wanted > 0 else 0
                settled += done
                if not done:
                    break
            found: Search | None = None
            if missing := set(executions) - {each.execution for each in self.held.values()}:
                found = Search(End.WORN) if self._is_worn else await search(aws, url, missing, HELD_S)
                self._is_worn = found.end == End.WORN
                settled += await self._hold(aws, workflow, found.messages)
                await self._release_surplus(aws, url, executions)
            return Filled(sorted(self.held.values(), key=lambda each: each.confidence), settled, found)

    async def _hold(self, aws: Aws, workflow: Workflow, messages: Iterable[Message]) -> int:
        """Hold messages, and return how many of them had an answer already."""
        until = time.monotonic() + HELD_S
        received = [
            Held(each["MessageId"], each["ReceiptHandle"], until, sent_of(each), body_of(each["Body"]))
            for each in messages
        ]
        self.held |= {each.id: each for each in received}
        settled: list[Held] = []
        with suppress(ConsoleError):  # a person can still answer the others
            await self._settle(aws, workflow, received, settled)
        return len(settled)

    async def _settle(self, aws: Aws, workflow: Workflow, received: Iterable[Held], settled: list[Held]) -> None:
        """Answer the messages whose images were answered since, and add each to `settled`. Raises Refused."""
        if not await aws.may_change("s3"):
            return
        by_place: dict[Place, list[Held]] = {}
        for each in received:
            by_place.setdefault((each.bucket, each.key), []).append(each)
        async with self.log.writing:
            answers = await asyncio.gather(*(self._still_holds(aws, workflow, place) for place in by_place))
            for answer, (place, messages) in zip(answers, by_place.items(), strict=True):
                if answer is None:
                    continue
                older = [each for each in messages if each.names_execution and each.is_older_than(answer.answered)]
                keys = [key_of(workflow.endpoint, each.execution, each.time) for each in older]
                if keys:  # before the records, so that after an error an undoing finds those that were written
                    await keep(aws, workflow, place, answer.with_keys(keys))
                settled += await self._settle_all(aws, workflow, dict(zip(keys, older, strict=True)), older, answer)

    async def _still_holds(self, aws: Aws, workflow: Workflow, place: Place) -> ImageAnswer | None:
        """Return the answer about an image, if the image is as it was then."""
        answer = await answer_about(aws, workflow, place)
        if answer is None or not 0 <= answer.label < len(workflow.classes):
            return None
        picture = await picture_of(aws, *place)
        return answer if picture == Picture(answer.version) else None

    async def _settle_all(
        self, aws: Aws, workflow: Workflow, by_key: Mapping[str, Held], received: Sequence[Held], answer: ImageAnswer
    ) -> list[Held]:
        """Write an answer for more executions, and return the messages that are deleted.

        An execution that has an answer already was only delivered twice.
        """
        entries = await self.log.newest(aws, workflow, list(by_key))
        label, sends_order = answer.label, answer.sends_order and workflow.has_bays
        await all_done(
            self._decide(aws, workflow, key, Entry(label, now(), held.body, sends_order), is_logged=key in entries)
            for key, held in by_key.items()
            if key not in entries or entries[key].label is None
        )
        gone = await delete(aws, workflow.review_queue.url, [each.receipt for each in received])
        deleted = [each for each in received if each.receipt in gone]
        for each in deleted:
            self.held.pop(each.id, None)
        return deleted

    async def _release_surplus(self, aws: Aws, url: str, executions: Collection[str]) -> None:
        """Let others receive the messages beyond HELD_MAX: the most certain first, and those of `executions` last."""
        order = sorted(self.held.values(), key=lambda each: (each.execution not in executions, each.confidence))
        for each in order[HELD_MAX:]:
            del self.held[each.id]
        await release(aws, url, [each.receipt for each in order[HELD_MAX:]])

    async def answer(
        self, aws: Aws, workflow: Workflow, message: str, label: int, version: str, sends_order: bool = False
    ) -> list[str]:
        """Answer a message, and all others about its image. Returns the keys of the ground truth of those held.

        Nothing is written unless the image can be shown, and has the version that the person saw. Raises NotThere,
        BadRequest.
        """
        async with self.log.writing:
            held = self._of(message)
            workflow.check_class(label)
            if not held.names_execution:
                raise BadRequest(
                    f"message {message} names no execution, so its ground truth would belong to no capture"
                )
            picture = await self._check(aws, held, version)
            by_key: dict[str, list[Held]] = {}
            for each in self._of_same_image(held):
                by_key.setdefault(key_of(workflow.endpoint, each.execution, each.time), []).append(each)
            entries = await self.log.newest(aws, workflow, list(by_key))
            for key, messages in by_key.items():
                entry = Entry(label, now(), messages[0].body, sends_order and workflow.has_bays)
                await self._decide(aws, workflow, key, entry, is_logged=key in entries)
                for each in messages:
                    await self._delete(aws, workflow, each)
            answer = ImageAnswer(label, picture.version, now(), sends_order, tuple(by_key))
            await keep(aws, workflow, (held.bucket, held.key), answer)
            return list(by_key)

    async def _check(self, aws: Aws, held: Held, version: str) -> Picture:
        """Return the image of a message. Raises BadRequest unless it is there, and has this version."""
        picture = await picture_of(aws, held.bucket, held.key)
        if picture.problem:
            raise BadRequest(f"The answer was not written, since its image cannot be shown. {picture.problem}")
        if picture.version != version:
            raise BadRequest(
                f"The answer was not written: s3://{held.bucket}/{held.key} is not the image that the page showed. "
                "Open the page again, and look at it"
            )
        return picture

    async def _decide(self, aws: Aws, workflow: Workflow, key: str, entry: Entry, is_logged: bool) -> None:
        """Log the answer, which names a class, write the ground truth, and send the order if wanted."""
        assert entry.label is not None
        if not is_logged:
            await keep_unlogged(aws, workflow, self.log, key)
        await self.log.add(aws, workflow, key, entry)
        await write(aws, workflow, key, entry.label)
        if entry.sent_order:
            url, text = order(workflow, entry.message, entry.label)
            await aws.change("sqs", "send_message", QueueUrl=url, MessageBody=text)

    async def discard(self, aws: Aws, workflow: Workflow, message: str) -> None:
        """Delete a message without an answer. Raises NotThere."""
        await self._delete(aws, workflow, self._of(message))

    async def put_back(self, aws: Aws, workflow: Workflow, message: str) -> None:
        """Let others receive the message. Raises NotThere."""
        held = self._of(message)
        await aws.change(
            "sqs",
            "change_message_visibility",
            QueueUrl=workflow.review_queue.url,
            ReceiptHandle=held.receipt,
            VisibilityTimeout=0,
        )
        self.held.pop(message, None)

    def _of_same_image(self, held: Held) -> list[Held]:
        """Return the held messages about the image of this one that can be answered, and this one first."""
        now = time.monotonic()
        others = [each for each in self.held.values() if each.image == held.image and each.until > now]
        return [held, *(each for each in others if each.id != held.id and each.names_execution)]

    async def _delete(self, aws: Aws, workflow: Workflow, held: Held) -> None:
        await aws.change("sqs", "delete_message", QueueUrl=workflow.review_queue.url, ReceiptHandle=held.receipt)
        self.held.pop(held.id, None)

    def _of(self, message: str) -> Held:
        held = self.held.get(message)
        if held is None or held.until < time.monotonic():
            raise NotThere("the console no longer holds the message about this image. Open the page again")
        return held
