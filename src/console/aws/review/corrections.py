"""Corrections: answers are changed, or undone. The log keeps the answers before.

One answer about an image may have become a thousand records, of executions whose messages were received later, or
together: it is changed or undone in all of them. Each record has an entry of its own in the log. All else is done for
many records at once: the log is listed by folders, messages are sent and records are deleted in batches, and what is
asked about an image is asked once.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from console.aws.client import Aws
from console.aws.review.answer_log import AnswerLog, Entry, now
from console.aws.review.ground_truth import folder_of, label_in, write
from console.aws.review.image_answers import ImageAnswer, answer_about, forget, keep
from console.aws.review.messages import Place, place_of
from console.aws.review.pictures import picture_of
from console.aws.workflow import Workflow
from console.errors import BadRequest, NotThere, Refused

RECORD_MAX = 4096
"""A record of one answer has some 150 bytes."""
BATCH, BATCH_BYTES = 10, 256 << 10
"""SQS's limits of the messages that are sent at once."""


async def change_answers(aws: Aws, workflow: Workflow, log: AnswerLog, named: Sequence[str], label: int) -> list[str]:
    """Replace answers by another class. No order is sent. Returns all records of ground truth that were changed.

    From then on, the new class applies to messages about the image, if the newest answer about it became a record here:
    it applies to the version of the image that was seen then, since the image may have been replaced.
    Raises NotThere, BadRequest, Refused.
    """
    workflow.check_class(label)
    async with log.writing:
        entries, answers = await _of_same_answers(aws, workflow, log, named)
        for picture in await asyncio.gather(*(picture_of(aws, *place) for place in answers)):
            if picture.problem:
                raise BadRequest(f"The answer was not changed, since its image cannot be shown. {picture.problem}")
        await all_done(log.add(aws, workflow, key, Entry(label, now(), each.message)) for key, each in entries.items())
        await all_done(write(aws, workflow, key, label) for key in entries)
        for place, about in answers.items():
            if about and about.label != label and not entries.keys().isdisjoint(about.keys):
                changed = replace(about, label=label, answered=now(), sends_order=False)
                await keep(aws, workflow, place, changed)
    return list(entries)


async def undo_answers(aws: Aws, workflow: Workflow, log: AnswerLog, named: Sequence[str]) -> list[str]:
    """Put images back into the review queue, and remove the ground truth. Returns the names of the executions.

    From then on, the answers apply to no message. The messages go before the ground truth: after an error in between,
    the image is in the queue, and its answer still holds.
    Raises NotThere, BadRequest, Refused.
    """
    async with log.writing:
        entries, answers = await _of_same_answers(aws, workflow, log, named)
        messages = {key: each.message for key, each in entries.items()}
        await all_done(forget(aws, workflow, place) for place in answers)
        for batch in batches({key: json.dumps(message) for key, message in messages.items()}):
            await _put_back(aws, workflow, log, messages, batch)
    return [str(each.get("execution") or "") for each in messages.values()]


async def keep_unlogged(aws: Aws, workflow: Workflow, log: AnswerLog, key: str) -> None:
    """Copy an answer that was given with another program, and is not in the log, into it before it is replaced."""
    try:
        start = await aws.read_start(workflow.bucket, key, RECORD_MAX)
    except NotThere:
        return
    if (label := label_in(start.body)) is not None:
        await log.add(aws, workflow, key, Entry(label, start.written or now()))


async def _of_same_answers(
    aws: Aws, workflow: Workflow, log: AnswerLog, named: Sequence[str]
) -> tuple[dict[str, Entry], dict[Place, ImageAnswer | None]]:
    """Return the last entries of these records, and of all others that the same answers about images became.

    Those corrected on their own are left out. The second value is the answer about each image, by the image's place.
    Raises NotThere if an answer was undone, BadRequest if it is unknown.
    """
    for key in named:
        if not key.startswith(folder_of(workflow.endpoint)) or not key.endswith(".jsonl"):
            raise BadRequest(f"{key!r} is not the key of an answer about {workflow.endpoint}")
    entries = await log.newest(aws, workflow, named)
    for key in named:
        _check(entries.get(key))
    places = list(dict.fromkeys(place_of(each.message) for each in entries.values()))
    about = await asyncio.gather(*(answer_about(aws, workflow, each) for each in places))
    answers = dict(zip(places, about, strict=True))
    same = [each for each in answers.values() if each and not entries.keys().isdisjoint(each.keys)]
    label_of = {key: each.label for each in same for key in each.keys if key not in entries}
    logged = await log.newest(aws, workflow, list(label_of))
    others = {key: each for key, each in logged.items() if each.message and each.label == label_of[key]}
    return entries | others, answers


def _check(entry: Entry | None) -> None:
    if entry is None or not entry.message:
        raise BadRequest("This answer was not given in the console, so the console does not know its image")
    if entry.label is None:
        raise NotThere("this answer has been undone already: the image is in the queue again")


def batches(bodies: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Yield the bodies of messages in their order, as many at a time as SQS takes at once."""
    batch: dict[str, str] = {}
    size = 0
    for key, body in bodies.items():
        length = len(body.encode())
        if batch and (len(batch) == BATCH or size + length > BATCH_BYTES):
            yield batch
            batch, size = {}, 0
        batch[key], size = body, size + length
    if batch:
        yield batch


async def _put_back(
    aws: Aws, workflow: Workflow, log: AnswerLog, messages: Mapping[str, Mapping[str, Any]], batch: Mapping[str, str]
) -> None:
    """Send a batch of messages, by their records of ground truth, log the undoing, and delete the records."""
    keys = list(batch)
    sending = [{"Id": str(number), "MessageBody": batch[key]} for number, key in enumerate(keys)]
    answer = await aws.change("sqs", "send_message_batch", QueueUrl=workflow.review_queue.url, Entries=sending)
    sent = [keys[int(each["Id"])] for each in answer.get("Successful", ())]
    await all_done(log.add(aws, workflow, key, Entry(None, now(), messages[key])) for key in sent)
    gone = {"Objects": [{"Key": key} for key in sent], "Quiet": True}
    kept = (await aws.change("s3", "delete_objects", Bucket=workflow.bucket, Delete=gone)) if sent else {}
    if refused := [*answer.get("Failed", ()), *kept.get("Errors", ())]:
        why = f"{refused[0].get('Code')}: {refused[0].get('Message')}"
        raise Refused(f"{len(refused)} of the answers were not undone, and still hold: {why}")


async def all_done(calls: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Make calls side by side, wait for all of them, and raise the first error: none goes on after that."""
    for outcome in await asyncio.gather(*calls, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome
