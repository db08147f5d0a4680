"""Queues of SQS, and how many messages each has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass

from console.aws.client import SHORT_S, Aws

QUEUES_MAX = 100
COUNT = "ApproximateNumberOfMessages"


@dataclass(frozen=True)
class QueueState:
    """A queue. Messages in flight have been received, and not deleted yet."""

    name: str
    url: str
    waiting: int
    in_flight: int
    delayed: int
    is_dead_letter: bool
    receives_max: int | None = None
    """How often a message can be received before SQS moves it to a dead-letter queue; None if it never does."""

    @property
    def total(self) -> int:
        return self.waiting + self.in_flight + self.delayed


async def queues(aws: Aws) -> list[QueueState]:
    """Return all queues, by name."""
    answer = await aws.call("sqs", "list_queues", SHORT_S, MaxResults=QUEUES_MAX)
    return sorted(
        await asyncio.gather(*(state(aws, url) for url in answer.get("QueueUrls", ()))), key=lambda queue: queue.name
    )


async def state(aws: Aws, url: str) -> QueueState:
    """Return a queue with SQS's approximate counts of its messages."""
    answer = await aws.call("sqs", "get_queue_attributes", SHORT_S, QueueUrl=url, AttributeNames=["All"])
    attributes = answer.get("Attributes", {})
    waiting, in_flight, delayed = (int(attributes.get(f"{COUNT}{kind}", 0)) for kind in ("", "NotVisible", "Delayed"))
    name = url.rpartition("/")[2]
    return QueueState(name, url, waiting, in_flight, delayed, "dead-letter" in name, _receives_max(attributes))


def _receives_max(attributes: Mapping[str, str]) -> int | None:
    try:
        return int(json.loads(attributes["RedrivePolicy"])["maxReceiveCount"])
    except (LookupError, TypeError, ValueError):
        return None
