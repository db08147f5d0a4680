"""Read the servers' log files: their last lines, or each new line as it is written, without control characters."""

import os
import time
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TextIO

from safety.plain_text import plain

POLL_S = 0.2


def last_lines(log: Path, count: int) -> list[str]:
    """Return the last `count` lines without their line ends; none when there is no such file."""
    try:
        with log.open(errors="replace") as file:
            return [plain(line.rstrip("\n")) for line in deque(file, maxlen=count)]
    except FileNotFoundError:
        return []


class Follower:
    """A reader of the new lines of a log file. It continues with the new file when the server restarts."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._file: TextIO | None = None
        self._partial = ""
        self._open()
        if self._file:
            self._file.seek(0, os.SEEK_END)

    def new_lines(self) -> Iterator[str]:
        if self._file:
            yield from self._read(self._file)
        if self._is_replaced():
            self.close()
            self._open()

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _read(self, file: TextIO) -> Iterator[str]:
        *lines, self._partial = (self._partial + file.read()).split("\n")
        yield from map(plain, lines)

    def _open(self) -> None:
        if self._log.exists():
            self._file = self._log.open(errors="replace")

    def _is_replaced(self) -> bool:
        if self._file is None:
            return self._log.exists()
        return self._log.exists() and self._log.stat().st_ino != os.fstat(self._file.fileno()).st_ino


def follow(logs: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield each new line of the logs, with the log it was written to, until the caller stops."""
    followers = {log: Follower(log) for log in logs}
    try:
        while True:
            for log, follower in followers.items():
                yield from ((log, line) for line in follower.new_lines())
            time.sleep(POLL_S)
    finally:
        for follower in followers.values():
            follower.close()
