"""Two files that are read after every invocation. They stay open: each call of the system costs a thread its turn.

They are closed when nobody can ask for them any more: a function can be deleted while it is invoked.
"""

import os
import re
from contextlib import suppress
from pathlib import Path
from weakref import finalize

READ_BYTES = 64 * 1024
KEPT_BYTES = 1024 * 1024
"""What was taken is cut off only when there is as much of it: what is written meanwhile could go with it."""
PEAK_MEMORY = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)


class Output:
    """What a process writes to stdout and stderr. A file and not a pipe: it is complete when the answer comes, needs no
    reading thread, and never blocks the function."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_RDWR | os.O_APPEND, 0o600)
        self._taken_bytes = 0
        finalize(self, os.close, self.file)

    def take(self) -> str:
        """What was written since the last call."""
        parts = []
        while part := os.pread(self.file, READ_BYTES, self._taken_bytes):
            parts.append(part)
            self._taken_bytes += len(part)
        if self._taken_bytes >= KEPT_BYTES:
            os.truncate(self.file, 0)
            self._taken_bytes = 0
        return b"".join(parts).decode(errors="replace")


class Status:
    """What Linux says of a process; of other systems nothing is known."""

    def __init__(self, pid: int) -> None:
        self._file: int | None = None
        with suppress(FileNotFoundError):
            self._file = os.open(f"/proc/{pid}/status", os.O_RDONLY)
            finalize(self, os.close, self._file)

    def peak_memory_mb(self) -> int:
        """0 where it is not known, as of a process that has ended."""
        if self._file is None:
            return 0
        try:
            found = PEAK_MEMORY.search(os.pread(self._file, READ_BYTES, 0))
        except ProcessLookupError:
            return 0
        return int(found[1]) // 1024 if found else 0
