"""The start of a process, by a clock that is never set. With the process id, it identifies a process.

A creation time in epoch seconds, as psutil has it, moves when the wall clock is set: a program that compares it with a
recorded one does not recognize its own processes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

STARTED_FIELD = 19  # of /proc/<pid>/stat, counted behind the name in parentheses. Source: proc_pid_stat(5)


def started_s(pid: int) -> float | None:
    """Return the seconds from the boot to the start of a process. None where there is no such process, or no /proc."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[STARTED_FIELD]) / os.sysconf("SC_CLK_TCK")


def running_for_s(started: float) -> float:
    """Return the seconds since the moment that `started_s` returned."""
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started)
