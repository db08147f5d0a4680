"""The review desk: the messages that the console holds, and the answers to them.

SQS has no way to look at a message without receiving it. The console receives a few and holds them for five minutes.
Nobody else gets them meanwhile, and a page that is reloaded shows the same ones.

An answer is written to the log, then as ground truth, and only after that the message is deleted, so no answer is lost.
The workflow sends no order for an image that it was not certain about. If the person wants one, the order of the
decided class goes to its loading bay, after the ground truth and before the deletion. An answer that is given again
after an error may therefore send its order twice, as SQS itself may deliver a message twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from console.aws.client import Aws
from console.aws.review.answer_log import AnswerLog, Entry, now
from console.aws.review.corrections import keep_unlogged
from console.aws.review.ground_truth import ground_truth, order
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

    async def check(self, aws: Aws, message: str) -> None:
        """Raise BadRequest unless the image of a message is there, and is the one that the page showed."""
        held = self._of(message)
        picture = await picture_of(aws, held.bucket, held.key)
        if picture.problem:
            raise BadRequest(f"The answer was not written, since its image cannot be shown. {picture.problem}")
        if held.image not in self.shown or self.shown[held.image] != picture:
            raise BadRequest(
                f"The answer was not written: s3://{held.bucket}/{held.key} is not the image that the page showed. "
                "Open the page again, and look at it"
            )

    async def decide(self, aws: Aws, workflow: Workflow, message: str, label: int, sends_order: bool = False) -> str:
        """Log the answer, write the ground truth, send the order if wanted, and delete the message.

        Returns the ground truth's key. The image must have been checked. Raises NotThere, BadRequest.
        """
        held = self._of(message)
        workflow.check_class(label)
        if not held.execution or "/" in held.execution:
            raise BadRequest(f"message {message} names no execution, so its ground truth would belong to no capture")
        key, body = ground_truth(workflow.endpoint, held.execution, label, held.time)
        sends_order = sends_order and workflow.has_bays
        await keep_unlogged(aws, workflow, self.log, key)
        await self.log.add(aws, workflow, key, Entry(label, now(), held.body, sends_order))
        await aws.change(
            "s3", "put_object", Bucket=workflow.bucket, Key=key, Body=body, ContentType="application/jsonlines"
        )
        if sends_order:
            url, text = order(workflow, held.body, label)
            await aws.change("sqs", "send_message", QueueUrl=url, MessageBody=text)
        await self._delete(aws, workflow, held)
        return key

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

    def of_same_image(self, message: str) -> list[str]:
        """Return the ids of the held messages about the image of this one, and this one first."""
        image = self._of(message).image
        now = time.monotonic()
        others = [each.id for each in self.held.values() if each.image == image and each.until > now]
        return [message, *(each for each in others if each != message)]

    async def _delete(self, aws: Aws, workflow: Workflow, held: Held) -> None:
        await aws.change("sqs", "delete_message", QueueUrl=workflow.review_queue.url, ReceiptHandle=held.receipt)
        self.held.pop(held.id, None)

    def _of(self, message: str) -> Held:
        held = self.held.get(message)
        if held is None or held.until < time.monotonic():
            raise NotThere("this image is no longer held here: somebody else may be looking at it. Open the page again")
        return held
