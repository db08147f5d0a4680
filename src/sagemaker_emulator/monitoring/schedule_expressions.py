"""ScheduleExpression: NOW, hourly, daily, and every 1 to 24 hours. All times are UTC, in epoch seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass

NOW = "NOW"
HOUR_S = 3600
DAY_HOURS = 24
CRON = re.compile(r"cron\(0 (?P<start>\*|[0-9]{1,2})(?:/(?P<every>[0-9]{1,2}))? \? \* \* \*\)")


class ExpressionError(ValueError):
    """The text is not one of the expressions that AWS supports."""


@dataclass(frozen=True)
class Recurrence:
    """The hours of a day at which a schedule is due, ascending."""

    hours: tuple[int, ...]

    @classmethod
    def parse(cls, expression: str) -> Recurrence:
        """Parse a cron expression. Raises ExpressionError for NOW, and for an expression that AWS refuses.

        `17/12` means every 12 hours from 17 on, so 5 and 17; `0/10` means 0, 10 and 20. Source: the SageMaker API
        reference, ScheduleConfig, and the SDK's CronExpressionGenerator.
        """
        match = CRON.fullmatch(expression)
        if match is None or (match["start"] == "*" and match["every"]):
            raise ExpressionError(_refusal(expression))
        if match["start"] == "*":
            return cls(tuple(range(DAY_HOURS)))
        start, every = int(match["start"]), int(match["every"] or DAY_HOURS)
        if start >= DAY_HOURS or not 1 <= every <= DAY_HOURS:
            raise ExpressionError(_refusal(expression))
        return cls(tuple(sorted({(start + step) % DAY_HOURS for step in range(0, DAY_HOURS, every)})))

    def due_after(self, moment: float) -> float:
        """Return the first due time that is later than `moment`."""
        hour = int(moment // HOUR_S) + 1
        while hour % DAY_HOURS not in self.hours:
            hour += 1
        return float(hour * HOUR_S)

    def due_before(self, moment: float) -> float:
        """Return the last due time that is earlier than `moment`."""
        latest = self.latest_due(moment)
        return latest if latest < moment else self.latest_due(moment - HOUR_S)

    def latest_due(self, moment: float) -> float:
        """Return the last due time that is not later than `moment`."""
        hour = int(moment // HOUR_S)
        while hour % DAY_HOURS not in self.hours:
            hour -= 1
        return float(hour * HOUR_S)

    @property
    def shortest_period_s(self) -> int:
        following = (*self.hours[1:], self.hours[0] + DAY_HOURS)
        return min(after - hour for hour, after in zip(self.hours, following, strict=True)) * HOUR_S


def daily_at(hour: int) -> str:
    return f"cron(0 {hour} ? * * *)"


def _refusal(expression: str) -> str:
    return (
        f"The schedule expression {expression!r} is not supported. Supported are NOW, cron(0 * ? * * *) for every "
        "hour, cron(0 [00-23] ? * * *) for every day, and cron(0 [00-23]/[01-24] ? * * *) for every 1 to 24 hours."
    )
