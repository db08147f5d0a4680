"""AWS's cron expressions of six fields: minutes, hours, day of month, month, day of week, year.

One of the two fields of days is `?`, or `*` beside another value. Source: EventBridge user guide, "Cron expressions
reference": lists, ranges, steps, `L` (the last day), `15W` (the weekday nearest to the 15th), `6#3` (the third Friday).
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

MONTH_NAMES = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
MONTHS = {name: number for number, name in enumerate(MONTH_NAMES, 1)}
WEEKDAYS = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
FIRST_YEAR, LAST_YEAR = 1970, 2199
YEARS_SEARCHED = 50  # 29 February on a given day of the week comes back within 40
FIELDS = 6
ANY = ("?", "*")
NEAREST = re.compile(r"([0-9]{1,2})W")
LAST_WEEKDAY = re.compile(r"([A-Z]{3}|[1-7])L")
NTH_WEEKDAY = re.compile(r"([A-Z]{3}|[1-7])#([1-5])")


class CronError(ValueError):
    """The text is no cron expression of AWS; the message says why."""


@dataclass(frozen=True)
class Cron:
    """A parsed expression. `month_days` and `weekdays` are the texts of their fields: their days differ by month."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    month_days: str
    months: tuple[int, ...]
    weekdays: str
    years: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Cron:
        """Parse the six fields. Raises CronError."""
        fields = text.upper().split()
        if len(fields) != FIELDS:
            raise CronError(f"it has {len(fields)} fields, and needs {FIELDS}: minutes hours day month weekday year")
        if fields[2] not in ANY and fields[4] not in ANY:
            raise CronError("only one of day of month and day of week can have a value, the other must be ?")
        cron = cls(
            _numbers(fields[0], 0, 59),
            _numbers(fields[1], 0, 23),
            fields[2],
            _numbers(fields[3], 1, 12, MONTHS),
            fields[4],
            _numbers(fields[5], FIRST_YEAR, LAST_YEAR),
        )
        cron.days(2024, 1)  # checks these fields
        return cron

    def next_after(self, moment: float, zone: tzinfo) -> float | None:
        """Return the first time after `moment`, in epoch seconds; None if there is none in the next 50 years."""
        today = datetime.fromtimestamp(moment, zone).date()
        for day in self._days_from(today):
            for hour in self.hours:
                for minute in self.minutes:
                    time = datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).timestamp()
                    if time > moment:
                        return time
        return None

    def days(self, year: int, month: int) -> Sequence[int]:
        """Return the days of a month, ascending."""
        if self.weekdays not in ANY:
            return _days_of_week(self.weekdays, year, month)
        return _days_of_month("*" if self.month_days == "?" else self.month_days, year, month)

    def _days_from(self, first: date) -> Iterator[date]:
        for year in self.years:
            if not first.year <= year <= first.year + YEARS_SEARCHED:
                continue
            for month in self.months:
                if (year, month) >= (first.year, first.month):
                    days = (date(year, month, day) for day in self.days(year, month))
                    yield from (day for day in days if day >= first)


def _numbers(field: str, low: int, high: int, names: Mapping[str, int] | None = None) -> tuple[int, ...]:
    """Return the numbers of a field with lists, ranges, steps and names, ascending."""
    numbers = set[int]()
    for part in field.split(","):
        span, has_step, step = part.partition("/")
        first, has_range, last = span.partition("-")
        start = low if first == "*" else _number(first, low, high, names)
        end = high if first == "*" or has_step else start
        end = _number(last, low, high, names) if has_range else end
        if end < start:
            raise CronError(f"the range {span} goes backward")
        numbers.update(range(start, end + 1, _number(step, 1, high, None) if has_step else 1))
    return tuple(sorted(numbers))


def _number(text: str, low: int, high: int, names: Mapping[str, int] | None) -> int:
    number = (names or {}).get(text, -1)
    if text.isascii() and text.isdecimal() and len(text) <= len(str(LAST_YEAR)):
        number = int(text)
    if not low <= number <= high:
        raise CronError(f"{text!r} is not a value from {low} to {high}")
    return number


def _days_of_month(field: str, year: int, month: int) -> Sequence[int]:
    last = monthrange(year, month)[1]
    if field in ("L", "LW"):
        return [last] if field == "L" else [_nearest_weekday(year, month, last)]
    if match := NEAREST.fullmatch(field):
        day = _number(match[1], 1, 31, None)
        return [_nearest_weekday(year, month, day)] if day <= last else []
    return [day for day in _numbers(field, 1, 31) if day <= last]


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """Return the day from Monday to Friday that is nearest to a day, in the same month."""
    weekday, last = date(year, month, day).weekday(), monthrange(year, month)[1]
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < last else day - 2
    return day


def _days_of_week(field: str, year: int, month: int) -> Sequence[int]:
    by_weekday: dict[int, list[int]] = {}
    for day in range(1, monthrange(year, month)[1] + 1):
        by_weekday.setdefault(date(year, month, day).isoweekday() % 7 + 1, []).append(day)
    if match := LAST_WEEKDAY.fullmatch(field):
        return by_weekday[_number(match[1], 1, 7, WEEKDAYS)][-1:]
    if match := NTH_WEEKDAY.fullmatch(field):
        nth = int(match[2])
        return by_weekday[_number(match[1], 1, 7, WEEKDAYS)][nth - 1 : nth]
    wanted = (7,) if field == "L" else _numbers(field, 1, 7, WEEKDAYS)
    return sorted(day for weekday in wanted for day in by_weekday[weekday])
