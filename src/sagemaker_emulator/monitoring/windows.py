"""The window of captured data that an execution analyzes: offsets as ISO 8601 durations, and the window's hours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sagemaker_emulator.monitoring.schedule_expressions import HOUR_S, NOW, Recurrence

DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?=[0-9T])(?:(?P<days>[0-9]{1,5})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,5})H)?(?:(?P<minutes>[0-9]{1,5})M)?(?:(?P<seconds>[0-9]{1,5})S)?)?"
)
UNITS_S = {"days": 86_400, "hours": HOUR_S, "minutes": 60, "seconds": 1}
OFFSET_MAX_S = 366 * 86_400  # AWS limits only the text, to 15 characters; here each hour of a window is a request to S3
LONGEST_S = 86_400  # for a window from DataAnalysisStartTime to DataAnalysisEndTime


class WindowError(ValueError):
    """The offsets give a window that AWS does not accept."""


@dataclass(frozen=True)
class Offsets:
    """Seconds from the scheduled time to the window's start and end, None where the schedule's period decides."""

    start_s: float | None = None
    end_s: float | None = None

    @classmethod
    def of(cls, schedule_config: Mapping[str, Any], endpoint_input: Mapping[str, Any]) -> Offsets:
        """Read DataAnalysisStartTime and -EndTime of the schedule, else the offsets of the definition's input.

        Raises WindowError for a text that is not a duration, and for a window that AWS refuses.
        """
        analysis = cls(
            _seconds(schedule_config.get("DataAnalysisStartTime")), _seconds(schedule_config.get("DataAnalysisEndTime"))
        )
        analysis._refuse(schedule_config.get("ScheduleExpression"))
        if analysis != cls():
            return analysis
        offsets = cls(_seconds(endpoint_input.get("StartTimeOffset")), _seconds(endpoint_input.get("EndTimeOffset")))
        offsets._refuse_order()
        return offsets

    def window(self, scheduled: float, recurrence: Recurrence | None) -> Window:
        """Return the window of an execution; without offsets, from the schedule's previous time to this one."""
        start = recurrence.due_before(scheduled) if recurrence else scheduled - HOUR_S
        return Window(
            start if self.start_s is None else scheduled + self.start_s,
            scheduled if self.end_s is None else scheduled + self.end_s,
        )

    def _refuse(self, expression: str | None) -> None:
        if expression == NOW and None in (self.start_s, self.end_s):
            raise WindowError("DataAnalysisStartTime and DataAnalysisEndTime are required if ScheduleExpression is NOW")
        self._refuse_order()
        if self.start_s is not None and (self.end_s or 0.0) - self.start_s > LONGEST_S:
            raise WindowError("DataAnalysisStartTime must not precede DataAnalysisEndTime by more than 24 hours")

    def _refuse_order(self) -> None:
        if self.start_s is not None and self.start_s >= (self.end_s or 0.0):
            raise WindowError("The start of the analyzed data must be earlier than its end")


@dataclass(frozen=True)
class Window:
    """Captured data from `start` up to `end`, in epoch seconds."""

    start: float
    end: float

    def hours(self) -> Iterator[str]:
        """Yield the folders of the hours that the window touches, such as `2026/11/27/09`."""
        return hours_between(self.start, self.end)


def hours_between(start: float, end: float) -> Iterator[str]:
    hour = int(start // HOUR_S) * HOUR_S
    while hour < end:
        yield datetime.fromtimestamp(hour, UTC).strftime("%Y/%m/%d/%H")
        hour += HOUR_S


def iso_time(moment: float) -> str:
    """Return a time as the container's variables have it, such as `2026-11-27T09:00:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(duration: str | None) -> float | None:
    if duration is None:
        return None
    match = DURATION.fullmatch(duration)
    if match is None:
        raise WindowError(f"{duration!r} is not an ISO 8601 duration of days, hours, minutes and seconds, like -PT1H")
    total_s = sum(int(match[unit] or 0) * seconds for unit, seconds in UNITS_S.items())
    if total_s > OFFSET_MAX_S:
        raise WindowError(f"{duration!r} is too long: at most {OFFSET_MAX_S // UNITS_S['days']} days are supported")
    return float(-total_s if match["sign"] == "-" else total_s)
