"""A message of the review queue, and what it says about its image."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from console.aws.review.pictures import image_address

Place = tuple[str, str]
"""The bucket and the key of an object."""


@dataclass(frozen=True)
class Held:
    """A message that the console holds until `until` (of the monotonic clock)."""

    id: str
    receipt: str
    until: float
    sent: datetime | None
    """When SQS got it: the time in the body is what the sender claims. None if SQS does not say."""
    body: Mapping[str, Any]

    @property
    def bucket(self) -> str:
        return place_of(self.body)[0]

    @property
    def key(self) -> str:
        return place_of(self.body)[1]

    @property
    def image(self) -> str:
        return image_path(self.body)

    @property
    def execution(self) -> str:
        return str(self.body.get("execution", ""))

    @property
    def names_execution(self) -> bool:
        """Whether ground truth about the message has a place: the execution's name becomes that of its object."""
        return bool(self.execution) and "/" not in self.execution

    @property
    def time(self) -> datetime:
        """When the model decided; now, if the message does not say."""
        try:
            return datetime.fromisoformat(str(self.body.get("time", ""))).astimezone(UTC)
        except (ValueError, OverflowError):
            return datetime.now(UTC)

    def is_older_than(self, answered: datetime) -> bool:
        """Whether an answer applies to it: SQS had it before, and it does not say that it was decided later."""
        return self.sent is not None and max(self.sent, self.time) < answered

    @property
    def machine(self) -> str:
        return str(self.body.get("execution_arn", "")).rpartition(":")[0].rpartition(":")[2]

    @property
    def label(self) -> str:
        """The class that the model chose. A message of another program has none."""
        return label_of(self.body)

    @property
    def confidence(self) -> float:
        return confidence_of(self.body)


def place_of(body: Mapping[str, Any]) -> Place:
    """Return the bucket and the key of the image that a message, or the input of an execution, is about."""
    return str(body.get("s3_bucket") or ""), str(body.get("s3_key") or "")


def image_path(body: Mapping[str, Any]) -> str:
    """Return the console's address of a message's image."""
    return image_address(*place_of(body))


def label_of(body: Mapping[str, Any]) -> str:
    return str(body.get("class") or "unknown")


def confidence_of(body: Mapping[str, Any]) -> float:
    value = body.get("confidence")
    try:
        return float(value) if isinstance(value, int | float) else 0.0
    except OverflowError:
        return 0.0


def body_of(text: str) -> Mapping[str, Any]:
    """Return the body of a message, or the input of an execution; empty if it is not one of the workflow.

    JSON can name characters that no address and no key can have: halves of a pair of UTF-16.
    """
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
