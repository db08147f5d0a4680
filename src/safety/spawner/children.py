"""Notice the end of children in a process with one thread, beside whatever else it waits for."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress

READ_BYTES = 4096


class ChildSignals:
    """A file that becomes readable when a child has ended. A later object in the same process takes its place."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def fileno(self) -> int:
        return self._reader.fileno()

    def reaped(self) -> Iterator[tuple[int, int]]:
        """Yield id and wait status of each child that has ended, and reap it."""
        with suppress(BlockingIOError):
            self._reader.recv(READ_BYTES)
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                yield ended
