"""Processes that an earlier life of an emulator left running, known by a label in their environment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

ROUNDS_MAX = 20
PAUSE_S = 0.01
YOUNG_S = 10.0


def end_labelled(label: str, value: str) -> int:
    """Kill every process whose environment says `label=value`, and what those start meanwhile; how many there were.

    A process in the middle of exec shows no environment for some microseconds: a young one is looked at again.
    """
    ended: set[int] = set()
    for _ in range(ROUNDS_MAX):
        found, unsure = _scan(label, value)
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=5)
        ended.update(process.pid for process in found)
        if not found and not unsure:
            break
        time.sleep(PAUSE_S)
    return len(ended)


def _scan(label: str, value: str) -> tuple[list[psutil.Process], bool]:
    found, unsure = [], False
    for process, environment in _environments():
        if environment.get(label) == value:
            found.append(process)
        elif not environment:
            unsure = unsure or _is_young(process)
    return found, unsure


def _environments() -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            yield process, process.environ()


def _is_young(process: psutil.Process) -> bool:
    """A program of a person, just started: not one that ended, not the kernel's own, which descend from process 2."""
    with suppress(psutil.Error):
        return (
            time.time() - process.create_time() < YOUNG_S
            and process.status() != psutil.STATUS_ZOMBIE
            and process.ppid() not in (0, 2)
        )
    return False
