"""The review desk: the messages that the console holds, and the answers to them.

SQS has no way to look at a message without receiving it. The console receives a few and holds them for five minutes.
Nobody else gets them meanwhile, and a page that is reloaded shows the same ones.

An answer is written to the log, then as ground truth, and only after that the message is deleted, so no answer is lost.
The workflow sends no order for an image that it was not certain about. If the person wants one, the order of the
decided class goes to its loading bay, after the ground truth and before the deletion. An answer that is given again
after an error may therefore send its order twice. A message that SQS delivers twice is answered once.

One answer, change or undoing is written after the other. A form that is sent twice is refused the second time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from console.aws.client import Aws
from console.aws.review.answer_log import AnswerLog, Entry, now
from console.aws.review.corrections import keep_unlogged
from console.aws.review.ground_truth import key_of, order, write
from console.aws.review.messages import Held, body_of
from console.aws.review.pictures import Picture, picture_of
from console.aws.workflow import Workflow
from console.errors import BadRequest, NotThere

HELD_S = 300
HELD_MAX = 12
RECEIVED_AT_ONCE = 10


@dataclass
class ReviewDesk:
    """The messages that the console holds, and the images as they were shown last, by their paths."""

    log: AnswerLog = field(default_factory=AnswerLog)
    held: dict[str, Held] = field(default_factory=dict)
    shown: dict[str, Picture] = field(default_factory=dict)

    async def fill(self, aws: Aws, workflow: Workflow) -> list[Held]:
        """Take more messages where there is room, and return those that are held."""
        now = time.monotonic()
        self.held = {key: each for key, each in self.held.items() if each.until > now}
        wanted = min(RECEIVED_AT_ONCE, HELD_MAX - len(self.held))
        if wanted > 0:
            answer = await aws.change(
                "sqs",
                "receive_message",
                QueueUrl=workflow.review_queue.url,
                MaxNumberOfMessages=wanted,
                VisibilityTimeout=HELD_S,
                WaitTimeSeconds=0,
            )
            for message in answer.get("Messages", ()):
                held = Held(message["MessageId"], message["ReceiptHandle"], now + HELD_S, body_of(message["Body"]))
                self.held[held.id] = held
        return sorted(self.held.values(), key=lambda each: each.confidence)

    async def show(self, aws: Aws, messages: Sequence[Held]) -> list[Picture]:
        """Return the picture of each message, and remember it as the one that the person sees."""
        pictures = await asyncio.gather(*(picture_of(aws, each.bucket, each.key) for each in messages))
        self.shown = {each.image: picture for each, picture in zip(messages, pictures, strict=True)}
        return pictures

    async def answer(
        self, aws: Aws, workflow: Workflow, message: str, label: int, sends_order: bool = False
    ) -> list[str]:
        """Answer a message, and all others that are held about its image. Returns the keys of the ground truth.

        Nothing is written unless the image can be shown, and is the one that was. Raises NotThere, BadRequest.
        """
        async with self.log.writing:
            held = self._of(message)
            workflow.check_class(label)
            if not held.names_execution:
                raise BadRequest(
                    f"message {message} names no execution, so its ground truth would belong to no capture"
                )
            await self._check(aws, held)
            by_key: dict[str, list[Held]] = {}
            for each in self._of_same_image(held):
                by_key.setdefault(key_of(workflow.endpoint, each.execution, each.time), []).append(each)
            for key, messages in by_key.items():
                await self._decide(aws, workflow, key, messages[0], label, sends_order and workflow.has_bays)
                for each in messages:
                    await self._delete(aws, workflow, each)
            return list(by_key)

    async def _check(self, aws: Aws, held: Held) -> None:
        """Raise BadRequest unless the image of a message is there, and is the one that the page showed."""
        picture = await picture_of(aws, held.bucket, held.key)
        if picture.problem:
            raise BadRequest(f"The answer was not written, since its image cannot be shown. {picture.problem}")
        if held.image not in self.shown or self.shown[held.image] != picture:
            raise BadRequest(
                f"The answer was not written: s3://{held.bucket}/{held.key} is not the image that the page showed. "
                "Open the page again, and look at it"
            )

    async def _decide(self, aws: Aws, workflow: Workflow, key: str, held: Held, label: int, sends_order: bool) -> None:
        """Log the answer, write the ground truth, and send the order if wanted."""
        await keep_unlogged(aws, workflow, self.log, key)
        await self.log.add(aws, workflow, key, Entry(label, now(), held.body, sends_order))
        await write(aws, workflow, key, label)
        if sends_order:
            url, text = order(workflow, held.body, label)
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
            raise NotThere("this image is no longer held here: somebody else may be looking at it. Open the page again")
        return held
