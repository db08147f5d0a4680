"""Processes that a killed emulator left running, recognized by a label in their environment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

ROUNDS_MAX = 20
PAUSE_S = 0.01
YOUNG_S = 10.0


def end_labeled(label: str, value: str) -> int:
    """Kill every process with `label=value` in its environment, and those that they start meanwhile; return how many.

    A process in the middle of exec shows no environment for some microseconds, so young ones are checked again.
    """
    ended: set[int] = set()
    for _ in range(ROUNDS_MAX):
        labeled, is_unsure = _scan(label, value)
        for process in labeled:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(labeled, timeout=5)
        ended.update(process.pid for process in labeled)
        if not labeled and not is_unsure:
            break
        time.sleep(PAUSE_S)
    return len(ended)


def _scan(label: str, value: str) -> tuple[list[psutil.Process], bool]:
    """Return the processes with the label, and whether some other process may get it yet."""
    labeled, is_unsure = [], False
    for process, environment in _environments():
        if environment.get(label) == value:
            labeled.append(process)
        elif not environment:
            is_unsure = is_unsure or _is_young(process)
    return labeled, is_unsure


def _environments() -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            yield process, process.environ()


def _is_young(process: psutil.Process) -> bool:
    """Whether a program was just started. Zombies and the kernel's processes, children of process 2, do not count."""
    with suppress(psutil.Error):
        return (
            time.time() - process.create_time() < YOUNG_S
            and process.status() != psutil.STATUS_ZOMBIE
            and process.ppid() not in (0, 2)
        )
    return False
