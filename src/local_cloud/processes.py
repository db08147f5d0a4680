"""Processes of ours, and how they end. No other process is ever touched.

A process is ours when its pid and the time of its start equal those in a record, or when its environment has the label,
which every descendant of a server inherits.
"""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from safety.process_start import running_for_s, started_s

LABEL = "SCONES_LOCAL_CLOUD"
CREATED_TOLERANCE_S = (
    2.0  # between two readings of a creation time in epoch seconds, which corrections of the clock change
)
KILL_TIMEOUT_S = 30.0  # a killed process ends at once, but on a busy machine the kernel takes a while
POLL_S = 0.02


@dataclass(frozen=True)
class EndedProcess:
    """A process that was ended, described before its end."""

    pid: int
    command: str
    killed: bool
    """Whether it was killed, because it ignored the request to end."""
    server: str = ""
    """The server's name; empty for any other process."""


def find(pid: int, created: float) -> psutil.Process | None:
    """Return the process, or None when it has ended. Its pid may belong to another process by now.

    `created` is what `created_s` returned. Records of earlier versions have epoch seconds everywhere.
    """
    try:
        process = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return None
    same = started_s(pid) == created or abs(process.create_time() - created) <= CREATED_TOLERANCE_S
    return process if same and _is_running(process) else None


def created_s(pid: int) -> float:
    """Return when the process started: in seconds since the boot, which does not change when the clock is set.

    Where the system has no such time, in epoch seconds. Raises psutil.NoSuchProcess.
    """
    started = started_s(pid)
    return float(psutil.Process(pid).create_time()) if started is None else started


def running_s(process: psutil.Process) -> float:
    """Return for how long the process has been running, in seconds."""
    started = started_s(process.pid)
    return time.time() - float(process.create_time()) if started is None else running_for_s(started)


def leftovers(state_dir: Path, servers: Iterable[psutil.Process] = ()) -> list[psutil.Process]:
    """Return this user's processes with the label, except these servers and their descendants.

    The calling process and its ancestors are left out.
    """
    me = psutil.Process()
    spared = {me, *me.parents()}
    for server in servers:
        spared |= {server, *descendants(server.pid)}
    return [process for process in psutil.process_iter() if process not in spared and carries_label(process, state_dir)]


def carries_label(process: psutil.Process, state_dir: Path) -> bool:
    """Return whether the process is this user's and was started, directly or not, by the cloud of `state_dir`."""
    try:
        if process.uids().real != os.getuid():
            return False
        environment = process.environ()
    except psutil.Error:
        return False
    return bool(environment.get(LABEL) == str(state_dir))


def end(processes: Iterable[psutil.Process], grace_s: float) -> list[EndedProcess]:
    """Ask the processes to end, wait `grace_s`, and kill those that remain."""
    asked = {process: describe(process) for process in processes}
    for process in asked:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    left = _still_running(asked, grace_s)
    for process in left:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _still_running(left, KILL_TIMEOUT_S)
    return [EndedProcess(process.pid, command, killed=process in left) for process, command in asked.items()]


def _still_running(processes: Iterable[psutil.Process], timeout_s: float) -> list[psutil.Process]:
    """Wait, and return those that still run. A zombie counts as ended, whether or not its parent ever reaps it."""
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
    """Return its command line, or its name."""
    try:
        return " ".join(process.cmdline()) or str(process.name())
    except psutil.Error:
        return "(unknown)"


def memory_bytes(process: psutil.Process) -> int:
    """Return the resident memory of the process and its descendants."""
    total = 0
    for member in (process, *descendants(process.pid)):
        try:
            total += member.memory_info().rss
        except psutil.Error:
            continue
    return total


def descendants(pid: int) -> list[psutil.Process]:
    """Return the children of the process and theirs, at every depth."""
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.Error:
        return []
