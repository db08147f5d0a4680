"""Groups of failures that differ only in names and numbers, such as a hundred images that are not there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from console.aws.decisions.events import Event
from console.aws.decisions.failures import Reason, shown_status

VARYING = re.compile(r"(?:s3|https?)://\S+|arn:\S+|'[^']*'|\"[^\"]*\"|\S*\d\S*")
"""The parts of a cause that name one object, or count something."""
KEY_BYTES = 6


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one kind, status, error and cause. `newest`, with its reason, stands for all of them."""

    key: str
    newest: Event
    status: str
    reason: Reason
    count: int
    first: datetime


def key_of(event: Event, reason: Reason) -> str:
    """Return the key of the group that a failure belongs to."""
    cause = VARYING.sub("…", reason.cause)
    text = "\n".join((event.kind, shown_status(event.status, reason), reason.error, cause))
    return blake2b(text.encode(), digest_size=KEY_BYTES).hexdigest()


def grouped(failures: Iterable[tuple[Event, Reason]]) -> list[FailureGroup]:
    """Return the groups of these failures, which are the newest first; the group with the newest failure is first."""
    members: dict[str, list[tuple[Event, Reason]]] = {}
    for event, reason in failures:
        members.setdefault(key_of(event, reason), []).append((event, reason))
    return [
        FailureGroup(
            key, each[0][0], shown_status(each[0][0].status, each[0][1]), each[0][1], len(each), each[-1][0].time
        )
        for key, each in members.items()
    ]
