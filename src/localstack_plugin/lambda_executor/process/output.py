"""The file that a function's process writes its output to.

It stays open between invocations, since each system call costs the thread its turn, and is closed when no one can ask
for it any more: a function can be deleted while it is invoked.
"""

import os
from pathlib import Path
from weakref import finalize

READ_BYTES = 64 * 1024
TRUNCATED_AT_BYTES = 1024 * 1024
"""The file is truncated only at this size: what the process writes at that moment could be lost."""


class Output:
    """The stdout and stderr of a process.

    A file and not a pipe: it is complete when the answer comes, needs no reading thread, and never blocks the function.
    """

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_APPEND, 0o600)
        self._taken_bytes = 0
        finalize(self, os.close, self.file)

    def take(self) -> str:
        """Return what was written since the last call."""
        parts = []
        while part := os.pread(self.file, READ_BYTES, self._taken_bytes):
            parts.append(part)
            self._taken_bytes += len(part)
        if self._taken_bytes >= TRUNCATED_AT_BYTES:
            os.truncate(self.file, 0)
            self._taken_bytes = 0
        return b"".join(parts).decode(errors="replace")
