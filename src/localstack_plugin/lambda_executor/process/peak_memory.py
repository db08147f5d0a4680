"""The peak memory of a process, from Linux's /proc. Other systems do not report it."""

import os
import re
from contextlib import suppress
from weakref import finalize

READ_BYTES = 64 * 1024
VM_HWM = re.compile(rb"^VmHWM:\s+(\d+) kB", re.MULTILINE)


class PeakMemory:
    """An open /proc/<pid>/status, read after every invocation: opening it each time would cost one more system call."""

    def __init__(self, pid: int) -> None:
        self._file: int | None = None
        with suppress(FileNotFoundError):
            self._file = os.open(f"/proc/{pid}/status", os.O_RDONLY)
            finalize(self, os.close, self._file)

    def read_mb(self) -> int:
        """Return the peak so far; 0 if the system does not report it or the process has ended."""
        if self._file is None:
            return 0
        try:
            peak = VM_HWM.search(os.pread(self._file, READ_BYTES, 0))
        except ProcessLookupError:
            return 0
        return int(peak[1]) // 1024 if peak else 0
