"""Says what is going on: a live line on a terminal, plain lines elsewhere."""

import sys
import time
from typing import TextIO

PLAIN_INTERVAL_S = 5.0


class Progress:
    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._said_at = time.monotonic()

    def say(self, line: str) -> None:
        self._write(("\r\x1b[2K" if self._live else "") + line + "\n")

    def waiting(self, line: str) -> None:
        """On a terminal the line replaces the one before; elsewhere one is printed every few seconds."""
        if self._live:
            self._write("\r\x1b[2K" + line)
        elif time.monotonic() - self._said_at >= PLAIN_INTERVAL_S:
            self.say(line)

    def clear(self) -> None:
        """Takes the live line away, so that what is written next does not run into it."""
        if self._live:
            self._write("\r\x1b[2K")

    def _write(self, text: str) -> None:
        self._said_at = time.monotonic()
        self._stream.write(text)
        self._stream.flush()
