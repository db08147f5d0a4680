"""`scones monitor label`: a person's answers for the images in the review queue become ground truth.

The workflow sends its execution's name with each image as the inference id, and the review message has that name, so
the label meets the captured record by it. The answers come from a file of lines `key,class`, or from the terminal.
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
from scones.stack.outputs import require_output

SKIP = "skip"
VISIBILITY_S = 600  # how long a person may take for the messages at hand
BATCH = 10


@dataclass(frozen=True)
class Review:
    """An image that waits for a person."""

    key: str
    execution: str
    time: datetime
    predicted: str
    confidence: float
    receipt: str


def label(context: Context, answers_file: Path | None) -> int:
    """Turn the answers into ground truth, take their messages off the queue, and return how many there are."""
    answers = read_answers(answers_file, context.settings.classes) if answers_file else None
    queue, count = require_output(context, "ReviewQueueUrl"), 0
    for review in reviews(context, queue):
        answer = answers.get(review.key, SKIP) if answers is not None else ask(context, review)
        if answer == SKIP:
            context.client("sqs").change_message_visibility(
                QueueUrl=queue, ReceiptHandle=review.receipt, VisibilityTimeout=0 if answers is None else 1
            )
            continue
        put_label(context, review, answer)
        context.client("sqs").delete_message(QueueUrl=queue, ReceiptHandle=review.receipt)
        count += 1
    context.console.done(f"{count} labels are ground truth; the monitor compares them with the baseline every day")
    return count


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


def reviews(context: Context, queue: str) -> Iterator[Review]:
    """Yield each message once. One that was skipped becomes visible again for the next person."""
    seen: set[str] = set()
    while messages := receive(context, queue):
        fresh = [message for message in messages if message["MessageId"] not in seen]
        if not fresh:
            return
        for message in fresh:
            seen.add(message["MessageId"])
            if review := parse(message):
                yield review


def receive(context: Context, queue: str) -> list[Mapping[str, Any]]:
    answer = context.client("sqs").receive_message(
        QueueUrl=queue, MaxNumberOfMessages=BATCH, WaitTimeSeconds=1, VisibilityTimeout=VISIBILITY_S
    )
    messages: list[Mapping[str, Any]] = answer.get("Messages", [])
    return messages


def parse(message: Mapping[str, Any]) -> Review | None:
    """Return the review in a message. None if the message is something else, which stays in the queue."""
    try:
        body = json.loads(message["Body"])
        time = datetime.fromisoformat(body["time"]).astimezone(UTC)
        confidence = float(body["confidence"])
        return Review(body["s3_key"], body["execution"], time, body["class"], confidence, str(message["ReceiptHandle"]))
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
