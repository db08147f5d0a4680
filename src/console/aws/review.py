"""The review queue: images whose class a person decides, and the ground truth that these decisions become.

SQS has no way to look at a message without receiving it. The console receives a few and holds them for five minutes.
Nobody else gets them meanwhile, and a page that is reloaded shows the same ones. The answer is written where the
monitor reads ground truth, `ground_truth/<endpoint>/yyyy/mm/dd/hh/`, in Model Monitor's format. The hour is that in
which the model decided, and the id is the inference id of the captured record. The message is deleted only after that,
so no answer is lost.

The workflow sends no order for an image that it was not certain about. If the person wants one, the order of the
decided class goes to its loading bay, after the ground truth and before the deletion. An answer that is given again
after an error may therefore send its order twice, as SQS itself may deliver a message twice.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from console.aws.client import Aws
from console.aws.workflow import NEAR_BAY, Workflow
from console.errors import BadRequest, NotThere

HELD_S = 300
HELD_MAX = 12
RECEIVED_AT_ONCE = 10
PREFIX = "ground_truth"
INFERENCE_ID_LIMIT = 64
"""The classify function sends the end of an execution's name as the inference id."""


@dataclass(frozen=True)
class Held:
    """A message that the console holds until `until` (of the monotonic clock)."""

    id: str
    receipt: str
    until: float
    body: Mapping[str, Any]

    @property
    def image(self) -> str:
        return f"/objects/{self.body.get('s3_bucket', '')}/{self.body.get('s3_key', '')}"

    @property
    def execution(self) -> str:
        return str(self.body.get("execution", ""))

    @property
    def time(self) -> datetime:
        """When the model decided; now, if the message does not say."""
        try:
            return datetime.fromisoformat(str(self.body.get("time", ""))).astimezone(UTC)
        except ValueError:
            return datetime.now(UTC)

    @property
    def machine(self) -> str:
        return str(self.body.get("execution_arn", "")).rpartition(":")[0].rpartition(":")[2]

    @property
    def label(self) -> str:
        """The class that the model chose. A message of another program has none."""
        return str(self.body.get("class") or "unknown")

    @property
    def confidence(self) -> float:
        value = self.body.get("confidence")
        return float(value) if isinstance(value, int | float) else 0.0


@dataclass
class ReviewDesk:
    """The messages that the console holds."""

    held: dict[str, Held] = field(default_factory=dict)

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

    async def decide(self, aws: Aws, workflow: Workflow, message: str, label: int, sends_order: bool = False) -> str:
        """Write the ground truth, send the order if wanted, delete the message, and return the ground truth's key.

        Raises NotThere, BadRequest.
        """
        held = self._of(message)
        if not 0 <= label < len(workflow.classes):
            raise BadRequest(f"class {label} does not exist: the workflow has {', '.join(workflow.classes)}")
        if not held.execution:
            raise BadRequest(f"message {message} names no execution, so its ground truth would belong to no capture")
        key, body = ground_truth(workflow.endpoint, held.execution, label, held.time)
        await aws.change(
            "s3", "put_object", Bucket=workflow.bucket, Key=key, Body=body, ContentType="application/jsonlines"
        )
        if sends_order and workflow.has_bays:
            url, text = order(workflow, held, label)
            await aws.change("sqs", "send_message", QueueUrl=url, MessageBody=text)
        await aws.change("sqs", "delete_message", QueueUrl=workflow.review_queue.url, ReceiptHandle=held.receipt)
        self.held.pop(message, None)
        return key

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

    def _of(self, message: str) -> Held:
        held = self.held.get(message)
        if held is None or held.until < time.monotonic():
            raise NotThere("this image is no longer held here: somebody else may be looking at it. Open the page again")
        return held


def ground_truth(endpoint: str, execution: str, label: int, time: datetime) -> tuple[str, bytes]:
    """Return the key and the line of an answer to a decision of that time."""
    inference_id = execution[-INFERENCE_ID_LIMIT:]
    record = {
        "groundTruthData": {"data": str(label), "encoding": "CSV"},
        "eventMetadata": {"eventId": inference_id},
        "eventVersion": "0",
    }
    return f"{PREFIX}/{endpoint}/{time:%Y/%m/%d/%H}/{inference_id}.jsonl", (json.dumps(record) + "\n").encode()


def order(workflow: Workflow, held: Held, label: int) -> tuple[str, str]:
    """Return the URL of the bay's queue, and the message that the workflow would have sent for this class.

    `decided_by` tells it from the workflow's own. The confidence is the model's in this class, if the message has it.
    """
    name = workflow.classes[label]
    bay = workflow.bay_of(name)
    inferences = held.body.get("inferences")
    body = {
        "event": "NearOrder" if bay.name == NEAR_BAY else "FarOrder",
        **{key: held.body.get(key, "") for key in ("s3_bucket", "s3_key", "execution", "execution_arn")},
        "class": name,
        "confidence": inferences[label] if isinstance(inferences, list) and len(inferences) > label else None,
        "inferences": inferences,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "decided_by": "review",
    }
    return bay.url, json.dumps(body)


def body_of(text: str) -> Mapping[str, Any]:
    """Return the message's body; empty if it is not one of the workflow."""
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
