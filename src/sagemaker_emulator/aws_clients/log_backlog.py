"""Log lines that wait for CloudWatch.

Their number is limited. When there is no room, the program that writes them waits, as it does where Docker reads its
output. It does not wait for a CloudWatch that takes no lines: then the oldest are dropped, which the log notes.
"""

from __future__ import annotations

import threading
import time
from collections import deque

ROOM_BYTES = 16 << 20
LINE_OVERHEAD_BYTES = 200  # of Python's objects
PAUSE_S = (
    0.002  # above half of the room, after this many lines: a program that floods its log must leave time for others
)
PAUSE_AFTER_LINES = 50
STALLED_S = 20.0  # without a delivery: CloudWatch is away

Line = tuple[int, str]


class LogBacklog:
    """Lines with their times in milliseconds. One thread puts, another takes."""

    def __init__(self, room_bytes: int = ROOM_BYTES, stalled_s: float = STALLED_S) -> None:
        self._room_bytes, self._stalled_s = room_bytes, stalled_s
        self._lines: deque[Line] = deque()
        self._bytes = self._dropped = self._put = self._deliveries = 0
        self._is_closed, self._is_stalled = False, False
        lock = threading.RLock()
        self._changed, self._delivered = threading.Condition(lock), threading.Condition(lock)

    def put(self, line: Line) -> None:
        """Add a line. It waits for room while lines are delivered."""
        with self._changed:
            self._wait_for_room(_size(line))
            self._lines.append(line)
            self._bytes += _size(line)
            self._put += 1
            while self._bytes > self._room_bytes and len(self._lines) > 1:
                self._bytes -= _size(self._lines.popleft())
                self._dropped += 1
            self._changed.notify()
            pauses = self._bytes > self._room_bytes // 2 and self._put % PAUSE_AFTER_LINES == 0
        if pauses:
            time.sleep(PAUSE_S)

    def _wait_for_room(self, size: int) -> None:
        while not self._is_stalled and self._lines and self._bytes + size > self._room_bytes:
            deliveries = self._deliveries
            self._delivered.wait(self._stalled_s)
            self._is_stalled = self._is_stalled or deliveries == self._deliveries

    def delivered(self, is_delivered: bool) -> None:
        """Hear from the sender whether CloudWatch has taken the lines that it took last."""
        with self._changed:
            self._deliveries += is_delivered
            self._is_stalled = not is_delivered
            self._delivered.notify()

    def close(self) -> None:
        """End the log. Waiting lines can still be taken."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> Line | None:
        """Return the oldest line, or None: after `timeout_s`, or when the log is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._lines or self._is_closed, timeout_s)
            if not self._lines:
                return None
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                return self._lines[0][0], f"[{dropped} lines were dropped: CloudWatch took none for a while]"
            line = self._lines.popleft()
            self._bytes -= _size(line)
            return line

    @property
    def is_over(self) -> bool:
        """Whether the log is closed and every line of it was taken."""
        with self._changed:
            return self._is_closed and not self._lines


def _size(line: Line) -> int:
    return len(line[1]) + LINE_OVERHEAD_BYTES
