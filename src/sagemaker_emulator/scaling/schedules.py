"""Schedules of scheduled actions: `at(yyyy-mm-ddThh:mm:ss)`, `rate(value unit)` and `cron(fields)`.

Source: API reference, PutScheduledAction. `moment` and the results are epoch seconds; at and cron are in a time zone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

from sagemaker_emulator.scaling.cron import Cron, CronError

EXPRESSION = re.compile(r"(at|rate|cron)\((.{1,200})\)")
RATE = re.compile(r"([1-9][0-9]{0,8}) (minute|hour|day)s?")
UNITS_S = {"minute": 60, "hour": 3600, "day": 86400}


class ScheduleError(ValueError):
    """The text is no schedule, or the time zone is unknown."""


class Schedule(Protocol):
    def next_after(self, moment: float) -> float | None:
        """Return the first time after `moment` at which an action runs; None if there is none."""


@dataclass(frozen=True)
class At:
    time: float

    def next_after(self, moment: float) -> float | None:
        return self.time if self.time > moment else None


@dataclass(frozen=True)
class Rate:
    """Every `period_s`, counted from `base`."""

    base: float
    period_s: int

    def next_after(self, moment: float) -> float | None:
        periods = max(1, int((moment - self.base) // self.period_s) + 1)
        return self.base + periods * self.period_s


@dataclass(frozen=True)
class Recurring:
    cron: Cron
    zone: tzinfo

    def next_after(self, moment: float) -> float | None:
        return self.cron.next_after(moment, self.zone)


def parse_schedule(text: str, timezone: str | None, base: float) -> Schedule:
    """Parse a schedule. A rate counts from `base`. Raises ScheduleError."""
    match, zone = EXPRESSION.fullmatch(text), zone_of(timezone)
    kind, inner = match.groups() if match else ("", "")
    try:
        if kind == "at":
            return At(datetime.strptime(inner, "%Y-%m-%dT%H:%M:%S").replace(tzinfo=zone).timestamp())
        if kind == "cron":
            return Recurring(Cron.parse(inner), zone)
    except (CronError, ValueError, OverflowError) as error:
        raise ScheduleError(f"The schedule {text!r} is invalid: {error}.") from error
    rate = RATE.fullmatch(inner) if kind == "rate" else None
    if rate is None:
        raise ScheduleError(
            f"The schedule {text!r} is invalid: it must be at(yyyy-mm-ddThh:mm:ss), rate(value unit) or cron(fields)."
        )
    return Rate(base, int(rate[1]) * UNITS_S[rate[2]])


def zone_of(name: str | None) -> tzinfo:
    """Return a time zone of the IANA database; None means UTC. Raises ScheduleError."""
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # also a name that is a path, or that of a folder
        raise ScheduleError(f"The time zone {name!r} is unknown. Use a name such as Europe/London.") from error
