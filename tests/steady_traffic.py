"""Requests at a steady rate beside a test, with their times and outcomes."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Outcome:
    """One request: when it was sent, its answer or "error", and how long it took."""

    sent: datetime
    answer: str
    took_s: float


class SteadyTraffic:
    """A thread that calls `send` so many times a second, one call after the other, until the context ends."""

    def __init__(self, send: Callable[[], str], requests_per_s: float) -> None:
        self.outcomes: list[Outcome] = []
        self._send, self._every_s = send, 1 / requests_per_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="traffic")

    def __enter__(self) -> SteadyTraffic:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def answers(self, start: datetime | None = None, end: datetime | None = None) -> Counter[str]:
        """Count the answers to the requests that were sent from `start` to `end`."""
        return Counter(
            one.answer
            for one in list(self.outcomes)
            if (start is None or start <= one.sent) and (end is None or one.sent <= end)
        )

    def slowest_s(self) -> float:
        """Return the longest time of an answer, which tells how loaded the machine is."""
        return max((one.took_s for one in list(self.outcomes)), default=0.0)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended.wait(max(0.0, due - time.monotonic())):
            sent, started = datetime.now(UTC), time.monotonic()
            answer = self._send()
            self.outcomes.append(Outcome(sent, answer, time.monotonic() - started))
            due = max(due + self._every_s, time.monotonic() - 1)  # make up for a stall of at most a second
