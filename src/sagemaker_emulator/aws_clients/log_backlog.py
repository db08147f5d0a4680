"""Log lines that wait for CloudWatch.

Their number is limited: beyond it the oldest are dropped, which the log notes.
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

Line = tuple[int, str]


class LogBacklog:
    """Lines with their times in milliseconds. One thread puts, another takes."""

    def __init__(self, room_bytes: int = ROOM_BYTES) -> None:
        self._room_bytes = room_bytes
        self._lines: deque[Line] = deque()
        self._bytes = self._dropped = self._put = 0
        self._is_closed = False
        self._changed = threading.Condition()

    def put(self, line: Line) -> None:
        with self._changed:
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
                return self._lines[0][0], f"[{dropped} lines were dropped: the log grows faster than it can be sent]"
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
