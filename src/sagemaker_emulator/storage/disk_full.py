"""A full disk: recognized, named, and waited for where work has been acknowledged."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Callable
from typing import TypeVar

PAUSE_S = 0.5
PAUSE_MAX_S = 10.0
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

T = TypeVar("T")

log = logging.getLogger(__name__)


class DiskFull(OSError):
    """A write to the store found no room. The change was not made; reading goes on."""

    def __init__(self, path: object) -> None:
        super().__init__(errno.ENOSPC, "No space left on device", str(path))


def is_disk_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in FULL


def when_there_is_room(change: Callable[[], T], given_up: Callable[[], bool]) -> T:
    """Make a change that must not be lost: while the disk is full, try again, until `given_up` returns True."""
    pause_s = PAUSE_S
    while True:
        try:
            return change()
        except OSError as error:
            if not is_disk_full(error) or given_up():
                raise
            log.error("a change waits until there is room on the disk: %s", error)
        time.sleep(pause_s)
        pause_s = min(PAUSE_MAX_S, pause_s * 2)
