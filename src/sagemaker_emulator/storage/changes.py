"""The feed of state changes: the store writes it, one reader takes from it."""

from __future__ import annotations

import logging
import queue
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

STATE_FIELDS = ("status", "secondary_status", "approval")
WAITING_MAX = 10_000

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class StateChange:
    """A resource right after a change of its state, and the time of the change."""

    resource: Any
    at: datetime


class ChangeFeed:
    """Changes in their order. When nobody takes them they are dropped, so that no change fails or waits."""

    def __init__(self, waiting_max: int = WAITING_MAX) -> None:
        self._changes: queue.Queue[StateChange | None] = queue.Queue(waiting_max)
        self._has_dropped = False

    def put(self, before: Any, after: Any) -> None:
        """Add a change, if the state differs. `before` is None for a new resource."""
        if before is not None and _state(before) == _state(after):
            return
        try:
            self._changes.put_nowait(StateChange(after, datetime.now(UTC)))
        except queue.Full:
            if not self._has_dropped:
                self._has_dropped = True
                waiting = self._changes.maxsize
                log.warning("%d state changes wait for EventBridge: the ones that follow are dropped", waiting)

    def take(self, most: int) -> tuple[list[StateChange], bool]:
        """Wait for a change; return it with those that follow, up to `most`, and whether the feed is still open."""
        batch: list[StateChange] = []
        change = self._changes.get()
        while change is not None:
            batch.append(change)
            if len(batch) == most or self._changes.empty():
                return batch, True
            change = self._changes.get()
        return batch, False

    def close(self) -> None:
        """End the feed. The changes that wait are taken first."""
        self._changes.put(None)


def _state(resource: Any) -> tuple[Any, ...]:
    return tuple(getattr(resource, name, None) for name in STATE_FIELDS)
