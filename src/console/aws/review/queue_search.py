"""The search for the messages of certain executions in the review queue.

SQS hands messages out a few at a time and in no order that one can ask for. The search receives them until it has all
that it looks for, and then lets others receive the rest again. It has limits: a queue may be of any length, and SQS
moves a message that was received too often to the dead-letter queue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from console.aws import queues
from console.aws.client import Aws
from console.aws.review.messages import body_of
from console.errors import ConsoleError

RECEIVED_AT_ONCE = 10
SEARCHED_MAX = 1000
SEARCH_S = 5.0
WAIT_S = 1
"""With a wait, SQS asks all of its servers, so that an empty answer means that there are no more messages."""

RECEIVES, SENT = "ApproximateReceiveCount", "SentTimestamp"

Message = Mapping[str, Any]


async def receive(aws: Aws, url: str, count: int, hidden_s: int, wait_s: int = 0) -> Sequence[Message]:
    """Receive up to `count` messages, which nobody else gets for `hidden_s`. Raises Refused."""
    answer = await aws.change(
        "sqs",
        "receive_message",
        QueueUrl=url,
        MaxNumberOfMessages=count,
        VisibilityTimeout=hidden_s,
        WaitTimeSeconds=wait_s,
        AttributeNames=[RECEIVES, SENT],
    )
    messages: Sequence[Message] = answer.get("Messages", ())
    return messages


class End(StrEnum):
    """Why a search ended."""

    FOUND = "found"
    EMPTY = "empty"
    """The queue hands out no more messages."""
    LIMIT = "limit"
    TIME = "time"
    WORN = "worn"
    """A message has been received half as often as the queue allows: the queue should not be searched again."""


@dataclass(frozen=True)
class Search:
    """A search: the messages that it looked for, the number of all that it looked at, and why it ended."""

    end: End
    looked_at: int = 0
    messages: Sequence[Message] = ()


async def search(aws: Aws, url: str, executions: Collection[str], hidden_s: int) -> Search:
    """Receive the messages of these executions, as far as they are among the next SEARCHED_MAX. Raises Refused."""
    missing, matching, others = set(executions), list[Message](), list[Message]()
    until = time.monotonic() + SEARCH_S
    receives_max = (await queues.state(aws, url)).receives_max
    end: End | None = None
    try:
        while end is None:
            received = await receive(aws, url, RECEIVED_AT_ONCE, hidden_s, WAIT_S)
            for message in received:
                execution = str(body_of(message["Body"]).get("execution"))
                (matching if execution in executions else others).append(message)
                missing.discard(execution)
            if not received:
                end = End.EMPTY
            elif receives_max is not None and max(map(_receives, received)) >= receives_max // 2:
                end = End.WORN
            elif not missing:
                end = End.FOUND
            elif len(others) >= SEARCHED_MAX:
                end = End.LIMIT
            elif time.monotonic() >= until:
                end = End.TIME
    finally:
        await release(aws, url, [message["ReceiptHandle"] for message in others])
    return Search(end, len(matching) + len(others), matching)


def sent_of(message: Message) -> datetime | None:
    """Return when SQS got a message; None if it does not say."""
    sent = str(message.get("Attributes", {}).get(SENT, ""))
    return datetime.fromtimestamp(int(sent) / 1000, UTC) if sent.isdecimal() else None


def _receives(message: Message) -> int:
    return int(message.get("Attributes", {}).get(RECEIVES, 0))


async def release(aws: Aws, url: str, receipts: Sequence[str]) -> None:
    """Let others receive these messages again at once. If SQS refuses, they are hidden until their time has passed."""
    batches = [receipts[start : start + RECEIVED_AT_ONCE] for start in range(0, len(receipts), RECEIVED_AT_ONCE)]
    await asyncio.gather(*(_release(aws, url, batch) for batch in batches))


async def _release(aws: Aws, url: str, receipts: Sequence[str]) -> None:
    entries = [
        {"Id": str(number), "ReceiptHandle": receipt, "VisibilityTimeout": 0} for number, receipt in enumerate(receipts)
    ]
    try:
        await aws.change("sqs", "change_message_visibility_batch", QueueUrl=url, Entries=entries)
    except ConsoleError:
        return  # the page has what it looked for


async def delete(aws: Aws, url: str, receipts: Sequence[str]) -> set[str]:
    """Delete messages, and return the receipts of those that SQS deleted. Raises Refused."""
    gone: set[str] = set()
    for start in range(0, len(receipts), RECEIVED_AT_ONCE):
        batch = receipts[start : start + RECEIVED_AT_ONCE]
        entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(batch)]
        answer = await aws.change("sqs", "delete_message_batch", QueueUrl=url, Entries=entries)
        gone |= {batch[int(each["Id"])] for each in answer.get("Successful", ())}
    return gone
