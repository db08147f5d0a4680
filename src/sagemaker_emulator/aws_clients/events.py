"""State changes to EventBridge, from one thread. Nothing here can fail, or slow, what changes its state."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients
from sagemaker_emulator.storage.store import Resource

SOURCE = "aws.sagemaker"
STATE_FIELDS = ("status", "secondary_status", "approval")
WAITING_MAX = 10_000
BATCH = 10  # PutEvents takes no more

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StateChange:
    """A resource as it has just become."""

    resource: Resource
    at: datetime


@dataclass(frozen=True)
class Event:
    """`detail` is the JSON of what Describe said at the moment of the change."""

    detail_type: str
    arn: str
    detail: str


Render = Callable[[Resource], Event | None]


class EventPublisher:
    """`changed` is for the store to call; `start` says how a resource becomes an event, None for one that has none."""

    def __init__(self, aws: AwsClients) -> None:
        self._aws = aws
        self._changes: queue.Queue[StateChange | None] = queue.Queue(WAITING_MAX)
        self._thread: threading.Thread | None = None
        self._said: set[str] = set()

    def start(self, render: Render) -> None:
        self._thread = threading.Thread(target=self._run, args=(render,), name="events", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """What is waiting is sent first; an EventBridge that is away is not waited for."""
        if self._thread:
            self._changes.put(None)
            self._thread.join()

    def changed(self, before: Resource | None, after: Resource) -> None:
        if before is not None and _state(before) == _state(after):
            return
        try:
            self._changes.put_nowait(StateChange(after, datetime.now(UTC)))
        except queue.Full:
            self._say_once("EventBridge is too slow: state changes are dropped")

    def _run(self, render: Render) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._next_batch()
            entries = [entry for change in batch if (entry := self._entry(render, change))]
            if entries and not self._sent(entries) and not is_open:
                return

    def _next_batch(self) -> tuple[list[StateChange], bool]:
        """What is there, and whether more can come."""
        batch: list[StateChange] = []
        change = self._changes.get()
        while change is not None:
            batch.append(change)
            if len(batch) == BATCH or self._changes.empty():
                return batch, True
            change = self._changes.get()
        return batch, False

    def _entry(self, render: Render, change: StateChange) -> dict[str, Any] | None:
        try:
            event = render(change.resource)
        except Exception:  # the edge: an event that cannot be made is no event
            log.exception("the state change of %s", change.resource.arn)
            return None
        if event is None:
            return None
        return {
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Resources": [event.arn],
            "Time": change.at,
            "Detail": event.detail,
        }

    def _sent(self, entries: list[dict[str, Any]]) -> bool:
        try:
            answer = self._aws.events.put_events(Entries=entries)
        except AWS_ERRORS as error:
            self._say_once(f"state changes do not reach EventBridge: {error}")
            return False
        for entry in answer["Entries"]:
            if "ErrorCode" in entry:  # AWS keeps the source aws.* to itself
                self._say_once(f"EventBridge refuses state changes: {entry['ErrorCode']} {entry.get('ErrorMessage')}")
        return True

    def _say_once(self, message: str) -> None:
        if message not in self._said:
            self._said.add(message)
            log.warning("%s", message)


def _state(resource: Resource) -> tuple[Any, ...]:
    return tuple(getattr(resource, name, None) for name in STATE_FIELDS)
