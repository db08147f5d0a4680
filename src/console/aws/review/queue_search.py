"""The search for the messages of certain executions in the review queue.

SQS hands messages out a few at a time and in no order that one can ask for. The search receives them until it has all
that it looks for, and then lets others receive the rest again. It has limits: a queue may be of any length, and SQS
moves a message that was received too often to the dead-letter queue.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping, Sequence
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

RECEIVES = "ApproximateReceiveCount"

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
        AttributeNames=[RECEIVES],
    )
    messages: Sequence[Message] = answer.get("Messages", ())
    return messages


async def search(aws: Aws, url: str, executions: Collection[str], hidden_s: int) -> tuple[list[Message], bool]:
    """Receive the messages of these executions, as far as they are among the next SEARCHED_MAX. Raises Refused.

    The search ends at a message that has been received half as often as the queue allows. Returns the messages, and
    whether it ended so: then the queue should not be searched again.
    """
    is_worn = False
    missing, matching, others = set(executions), list[Message](), list[Message]()
    until = time.monotonic() + SEARCH_S
    receives_max = (await queues.state(aws, url)).receives_max
    try:
        while missing and not is_worn and len(others) < SEARCHED_MAX and time.monotonic() < until:
            received = await receive(aws, url, RECEIVED_AT_ONCE, hidden_s, WAIT_S)
            if not received:
                break
            for message in received:
                execution = body_of(message["Body"]).get("execution")
                (matching if execution in executions else others).append(message)
                missing.discard(str(execution))
            is_worn = receives_max is not None and max(map(_receives, received)) >= receives_max // 2
    finally:
        await release(aws, url, [message["ReceiptHandle"] for message in others])
    return matching, is_worn


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
