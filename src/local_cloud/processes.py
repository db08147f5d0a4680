"""Finds and ends processes of ours, and no others.

A process is ours when its pid and its creation time are those that were written down, or when its environment carries
the label, which every descendant of a server inherits.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

LABEL = "SCONES_LOCAL_CLOUD"
# The kernel counts a creation time in ticks since boot, so the clock's corrections move it a little.
CREATED_TOLERANCE_S = 2.0
KILL_TIMEOUT_S = 5.0
POLL_S = 0.02


@dataclass(frozen=True)
class Ended:
    pid: int
    command: str
    killed: bool
    """Whether it had to be killed, because it did not end in its grace."""


def find(pid: int, created: float) -> psutil.Process | None:
    """The process, unless it has ended: its pid may be another's by now."""
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    same = abs(process.create_time() - created) <= CREATED_TOLERANCE_S
    return process if same and _is_running(process) else None


def leftovers(state_dir: Path, servers: Iterable[psutil.Process] = ()) -> list[psutil.Process]:
    """The processes of this user that carry the label, and are neither one of these servers nor below one.

    Whoever asks is spared, and whoever started it.
    """
    me = psutil.Process()
    spared = {me, *me.parents()}
    for server in servers:
        spared |= {server, *descendants(server.pid)}
    return [process for process in psutil.process_iter() if process not in spared and carries_label(process, state_dir)]


def carries_label(process: psutil.Process, state_dir: Path) -> bool:
    try:
        if process.uids().real != os.getuid():
            return False
        environment = process.environ()
    except psutil.Error:
        return False
    return bool(environment.get(LABEL) == str(state_dir))


def end(processes: Iterable[psutil.Process], grace_s: float) -> list[Ended]:
    """Asks them to end, waits, and kills those that did not."""
    asked = {process: describe(process) for process in processes}
    for process in asked:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    left = _still_running(asked, grace_s)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _still_running(left, KILL_TIMEOUT_S)
    return [Ended(process.pid, command, killed=process in left) for process, command in asked.items()]


def _still_running(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Those that run after the time-out. A zombie has ended, whether or not anybody ever reaps it."""
    deadline = time.monotonic() + timeout_s
    left = list(processes)
    while left := [process for process in left if _is_running(process)]:
        if time.monotonic() > deadline:
            break
        time.sleep(POLL_S)
    return left


def _is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running()) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def describe(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()) or str(process.name())
    except psutil.Error:
        return "(unknown)"


def memory_bytes(process: psutil.Process) -> int:
    """Resident memory of the process and everything below it."""
    total = 0
    for member in (process, *descendants(process.pid)):
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return total


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []
