"""Corrections: an answer is changed, or undone. The log keeps the answer before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from console.aws.client import Aws
from console.aws.review.answer_log import AnswerLog, Entry, now
from console.aws.review.ground_truth import folder_of, label_in, write
from console.aws.review.image_answers import answer_about, forget, keep
from console.aws.review.messages import place_of
from console.aws.review.pictures import picture_of
from console.aws.workflow import Workflow
from console.errors import BadRequest, NotThere

RECORD_MAX = 4096
"""A record of one answer has some 150 bytes."""


async def change_answer(aws: Aws, workflow: Workflow, log: AnswerLog, key: str, label: int) -> None:
    """Replace an answer by another class. No order is sent. Raises NotThere, BadRequest.

    From then on, the new class goes for messages about the image, if the newest answer about it became this record: it
    goes for the version of the image that was seen then, since the image may have been replaced.
    """
    workflow.check_class(label)
    async with log.writing:
        message = await _message_of(aws, workflow, log, key)
        picture = await picture_of(aws, *place_of(message))
        if picture.problem:
            raise BadRequest(f"The answer was not changed, since its image cannot be shown. {picture.problem}")
        await log.add(aws, workflow, key, Entry(label, now(), message))
        await write(aws, workflow, key, label)
        about = await answer_about(aws, workflow, place_of(message))
        if about and key in about.keys and about.label != label:
            changed = replace(about, label=label, answered=now(), sends_order=False)
            await keep(aws, workflow, place_of(message), changed)


async def undo_answer(aws: Aws, workflow: Workflow, log: AnswerLog, key: str) -> str:
    """Put the image back into the review queue, and remove the ground truth. Returns the name of its execution.

    From then on, the answer goes for no message. The message goes before the ground truth: after an error in between,
    the image is in the queue, and its answer still holds.
    Raises NotThere, BadRequest.
    """
    async with log.writing:
        message = await _message_of(aws, workflow, log, key)
        await forget(aws, workflow, place_of(message))
        await aws.change("sqs", "send_message", QueueUrl=workflow.review_queue.url, MessageBody=json.dumps(message))
        await log.add(aws, workflow, key, Entry(None, now(), message))
        await aws.change("s3", "delete_object", Bucket=workflow.bucket, Key=key)
    return str(message.get("execution") or "")


async def of_same_answer(aws: Aws, workflow: Workflow, log: AnswerLog, key: str) -> list[str]:
    """Return the other records of ground truth that one answer about an image became, with that of this key.

    They are of executions whose messages were received later, or together. Those corrected on their own are left out.
    """
    message = await _message_of(aws, workflow, log, key)
    answer = await answer_about(aws, workflow, place_of(message))
    if answer is None or key not in answer.keys:
        return []
    others = [other for other in answer.keys if other != key]
    lists = await asyncio.gather(*(log.of(aws, workflow, other) for other in others))
    return [
        other for other, entries in zip(others, lists, strict=True) if entries and entries[-1].label == answer.label
    ]


async def keep_unlogged(aws: Aws, workflow: Workflow, log: AnswerLog, key: str) -> None:
    """Copy an answer that was given with another program into the log, before it is replaced."""
    if await log.of(aws, workflow, key):
        return
    try:
        start = await aws.read_start(workflow.bucket, key, RECORD_MAX)
    except NotThere:
        return
    if (label := label_in(start.body)) is not None:
        await log.add(aws, workflow, key, Entry(label, start.written or now()))


async def _message_of(aws: Aws, workflow: Workflow, log: AnswerLog, key: str) -> Mapping[str, Any]:
    """Return the message that was answered. Raises NotThere if its answer was undone, BadRequest if it is unknown."""
    if not key.startswith(folder_of(workflow.endpoint)) or not key.endswith(".jsonl"):
        raise BadRequest(f"{key!r} is not the key of an answer about {workflow.endpoint}")
    entries = await log.of(aws, workflow, key)
    if not entries or not entries[-1].message:
        raise BadRequest("This answer was not given in the console, so the console does not know its image")
    if entries[-1].label is None:
        raise NotThere("this answer has been undone already: the image is in the queue again")
    return entries[-1].message
