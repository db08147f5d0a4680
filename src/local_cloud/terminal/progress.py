"""Progress of a start: one line that changes on a terminal, plain lines elsewhere."""

import os
import shutil
import sys
import time
from typing import TextIO

PLAIN_INTERVAL_S = 5.0


class Progress:
    """Lines that show the progress of a command."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self._stream = stream
        self._live = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._written_at = time.monotonic()

    def say(self, line: str) -> None:
        self._line(f"   {line}")

    def done(self, line: str) -> None:
        self._line(f" ✓ {line}")

    def waiting(self, line: str) -> None:
        """Replace the previous line on a terminal; elsewhere print one line every few seconds."""
        if self._live:
            # a line that wraps could not be replaced
            self._write("\r\x1b[2K" + f"   {line}"[: shutil.get_terminal_size().columns - 1])
        elif time.monotonic() - self._written_at >= PLAIN_INTERVAL_S:
            self.say(line)

    def clear(self) -> None:
        """Remove the changing line, so that the next output starts on an empty one."""
        if self._live:
            self._write("\r\x1b[2K")

    def _line(self, line: str) -> None:
        self._write(("\r\x1b[2K" if self._live else "") + line + "\n")

    def _write(self, text: str) -> None:
        self._written_at = time.monotonic()
        self._stream.write(text)
        self._stream.flush()
