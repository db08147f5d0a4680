"""`scones monitor label`: turn a person's answers for the images in the review queue into ground truth.

The workflow sends its execution's name with each image as the inference id. The review message has the same name, which
joins the label with the captured record. The answers come from a file of lines `key,class`, or from the terminal.
"""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from scones.context import Context
from scones.errors import SettingsError
from scones.monitoring.places import GROUND_TRUTH

SKIP = "skip"
VISIBILITY_S = 600  # how long a person may take for a batch of messages
BATCH = 10


@dataclass(frozen=True)
class Review:
    """An image that waits for a person."""

    key: str
    execution: str
    time: datetime
    predicted: str
    confidence: float


def label(context: Context, queue: str, answers_file: Path | None) -> int:
    """Turn the answers into ground truth, take their messages off the queue, and return how many there are."""
    answers = read_answers(answers_file, context.settings.classes) if answers_file else None
    sqs, count = context.client("sqs"), 0
    unanswered: list[str] = []
    try:
        for message in received(context, queue):
            review = parse(message)
            answer = SKIP if review is None else answer_to(context, review, answers)
            if review is None or answer == SKIP:
                unanswered.append(str(message["ReceiptHandle"]))
                continue
            put_label(context, review, answer)
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            count += 1
    finally:  # the next person gets the others, also after Ctrl-C
        for receipt in unanswered:
            sqs.change_message_visibility(QueueUrl=queue, ReceiptHandle=receipt, VisibilityTimeout=0)
    context.console.done(f"{count} labels are ground truth; the monitor compares them with the baseline every day")
    return count


def answer_to(context: Context, review: Review, answers: Mapping[str, str] | None) -> str:
    return ask(context, review) if answers is None else answers.get(review.key, SKIP)


def read_answers(file: Path, classes: Sequence[str]) -> dict[str, str]:
    """Return classes by key. Raises SettingsError for a line that is not `key,class`."""
    answers = {}
    for number, row in enumerate(csv.reader(file.read_text("utf-8").splitlines()), 1):
        if len(row) != 2 or row[1].strip() not in classes:
            raise SettingsError(
                f"{file}, line {number}, is {','.join(row)!r}: "
                f"it must be an image's key and one of {', '.join(classes)}"
            )
        answers[row[0].strip()] = row[1].strip()
    return answers


def received(context: Context, queue: str) -> Iterator[Mapping[str, Any]]:
    """Yield the messages of the queue. Each is invisible for VISIBILITY_S, so that it does not come again at once."""
    request = {"MaxNumberOfMessages": BATCH, "WaitTimeSeconds": 1, "VisibilityTimeout": VISIBILITY_S}
    while messages := context.client("sqs").receive_message(QueueUrl=queue, **request).get("Messages", []):
        yield from messages


def parse(message: Mapping[str, Any]) -> Review | None:
    """Return the review in a message. None if it is another message, which stays in the queue."""
    try:
        body = json.loads(message["Body"])
        time = datetime.fromisoformat(body["time"]).astimezone(UTC)
        confidence = float(body["confidence"])
        return Review(body["s3_key"], body["execution"], time, body["class"], confidence)
    except (ValueError, LookupError, TypeError):
        return None


def ask(context: Context, review: Review) -> str:
    context.console.say(
        f"{context.data_bucket.uri(review.key)}: {review.predicted} with confidence {review.confidence:.2f}"
    )
    answer: str = click.prompt("   Class", type=click.Choice([*context.settings.classes, SKIP]), default=SKIP)
    return answer


def put_label(context: Context, review: Review, answer: str) -> None:
    """Write the label in Model Monitor's form, in the folder of the hour in which the image was classified."""
    index = context.settings.classes.index(answer)
    document = {
        "groundTruthData": {"data": str(index), "encoding": "CSV"},
        "eventMetadata": {"eventId": review.execution},
        "eventVersion": "0",
    }
    folder = f"{GROUND_TRUTH}/{context.settings.endpoint_name}/{review.time:%Y/%m/%d/%H}"
    key = f"{folder}/{review.execution}.jsonl"
    context.data_bucket.put(key, json.dumps(document).encode() + b"\n", "application/jsonlines")
