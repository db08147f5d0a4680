"""Moments whose distance does not change when the wall clock is set, also across a restart of the emulator."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Moment:
    """Epoch seconds, and seconds of a clock that begins at the boot and is never set."""

    epoch: float
    uptime: float
    boot: str

    @classmethod
    def now(cls) -> Moment:
        return cls(time.time(), _uptime_s(), boot_id())

    def seconds_ago(self) -> float:
        return seconds_between(self, Moment.now())


def seconds_between(start: Moment, end: Moment) -> float:
    """Return the seconds from one moment to a later one. After a reboot, only the wall clock can tell."""
    is_same_boot = start.boot == end.boot and start.uptime <= end.uptime
    return end.uptime - start.uptime if is_same_boot else max(0.0, end.epoch - start.epoch)


def _uptime_s() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def boot_id() -> str:
    """Return what Linux calls this boot; nothing on other systems."""
    with suppress(OSError):
        return BOOT_ID.read_text().strip()
    return ""
