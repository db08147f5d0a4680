"""The thread that sends state changes to EventBridge. It can neither fail nor slow down what it reports."""

from __future__ import annotations

import logging
import threading
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients
from sagemaker_emulator.events.state_changes import StateChangeEvents
from sagemaker_emulator.storage.changes import ChangeFeed, StateChange

SOURCE = "aws.sagemaker"
BATCH = 10  # PutEvents takes no more

log = logging.getLogger(__name__)


class EventPublisher:
    """A sender of state changes: it takes them from the store's feed and sends them as events, in batches."""

    def __init__(self, aws: AwsClients, changes: ChangeFeed, events: StateChangeEvents) -> None:
        self._aws, self._changes, self._events = aws, changes, events
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._logged: set[str] = set()

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Send the changes that wait, then end. If EventBridge does not answer, they are dropped."""
        self._changes.close()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._changes.take(BATCH)
            entries = [entry for change in batch if (entry := self._entry(change))]
            if entries and not self._send(entries) and not is_open:
                return

    def _entry(self, change: StateChange) -> dict[str, Any] | None:
        try:
            event = self._events.event_of(change.resource)
        except Exception:  # the edge of a thread: one event that cannot be built must not end the others
            log.exception("the state change of %s", change.resource.arn)
            return None
        if event is None:
            return None
        return {
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Resources": [*event.parents, event.arn],
            "Time": change.at,
            "Detail": event.detail,
        }

    def _send(self, entries: list[dict[str, Any]]) -> bool:
        """Return whether EventBridge answered."""
        try:
            answer = self._aws.events.put_events(Entries=entries)
        except AWS_ERRORS as error:
            self._log_once(f"state changes do not reach EventBridge: {error}")
            return False
        for entry in answer["Entries"]:
            if "ErrorCode" in entry:  # AWS reserves the source aws.* for its own services
                self._log_once(f"EventBridge refuses state changes: {entry['ErrorCode']} {entry.get('ErrorMessage')}")
        return True

    def _log_once(self, message: str) -> None:
        if message not in self._logged:
            self._logged.add(message)
            log.warning("%s", message)
