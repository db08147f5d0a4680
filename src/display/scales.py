"""Axes: the map from values to places, and the round values of the ticks."""

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
TIME_STEPS_S = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    15,
    30,
    60,
    120,
    300,
    600,
    900,
    1800,
    3600,
    7200,
    10800,
    21600,
    43200,
    86400,
)
DAY_S = 86400
TWO_DECADES = 100.0
LETTER, MARK = 9.6, 5.2
"""The widths of a digit or a letter, and of one of MARKS, in the largest letters of a chart on any page, 15 px."""
MARKS = ":. "
LABELS_APART = 8.0


@dataclass(frozen=True)
class Scale:
    """A map from values between `low` and `high` to places between `start` and `end`, linear or logarithmic."""

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False
    """Whether equal distances are equal ratios; all values are then positive."""
    only: float | None = None
    """The value of an axis whose things all have the same one: other ticks would mean nothing."""

    def __call__(self, value: float) -> float:
        if self.is_log:
            part = math.log10(value / self.low) / (math.log10(self.high / self.low) or 1.0)
        else:
            part = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.start + part * (self.end - self.start)

    def ticks(self, count: int = 4) -> list[float]:
        """Return at most count + 2 round values; powers of ten on a logarithmic scale; the only value of one."""
        if self.only is not None:
            return [self.only]
        return decades(self.low, self.high, count) if self.is_log else ticks(self.low, self.high, count)


def fitted(values: Collection[float], start: float, end: float) -> Scale:
    """Return the scale of at least one value that ends at ticks: logarithmic if the values span two decades."""
    low, high = min(values), max(values)
    if is_wide(values):
        return Scale(10.0 ** math.floor(math.log10(low)), 10.0 ** math.ceil(math.log10(high)), start, end, is_log=True)
    if low == high:
        margin = abs(low) or 1.0
        return Scale(low - margin, low + margin, start, end, only=low)
    return Scale(*padded(low, high), start, end)


def is_wide(values: Collection[float]) -> bool:
    """Whether the values are positive and span two decades: a linear axis would press the small ones together."""
    low, high = min(values), max(values)
    return low > 0 and high / low >= TWO_DECADES


def decades(low: float, high: float, count: int = 4) -> list[float]:
    """Return at most count + 2 powers of ten from low to high."""
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    step = max(1, math.ceil((last - first) / (count + 1)))
    return [10.0**power for power in range(first, last + 1, step)]


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Return at most count + 2 round values from low to high."""
    step = _step((high - low) / max(count, 1))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(index * step, 10) for index in range(first, last + 1)]


def padded(low: float, high: float) -> tuple[float, float]:
    """Return a range around the values that ends at ticks, and is never empty."""
    if low == high:
        margin = abs(low) * 0.1 or 1.0
        low, high = low - margin, high + margin
    step = _step((high - low) / 4)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def time_ticks(first: datetime, last: datetime, count: int = 5) -> list[tuple[datetime, str]]:
    """Return round times between two times, each with a label that no other tick has."""
    span_s = max((last - first).total_seconds(), 0.1)
    step_s = next((step for step in TIME_STEPS_S if span_s / step <= count), None)
    if step_s is None:
        step_s = DAY_S * max(1, round(span_s / DAY_S / count))
    midnight = first.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    number = math.ceil((first - midnight).total_seconds() / step_s)
    moments = []
    while (moment := midnight + timedelta(seconds=number * step_s)) <= last:
        moments.append((moment, _label(moment, step_s, span_s)))
        number += 1
    return moments


@dataclass(frozen=True)
class TimeLabel:
    """A tick of a time axis: its place, its text, and SVG's text-anchor."""

    at: float
    text: str
    anchor: str

    @property
    def left(self) -> float:
        return self.at - text_width(self.text) * (1.0 if self.anchor == "end" else 0.5)

    @property
    def right(self) -> float:
        return self.left + text_width(self.text)


def time_labels(x: Scale, count: int, right: float) -> list[TimeLabel]:
    """Return the ticks of a time axis, as many as `count` if that leaves room between them in the largest letters.

    A label that would end beyond `right` ends at its tick.
    """
    first, last = (datetime.fromtimestamp(value, UTC) for value in (x.low, x.high))
    for wanted in range(count, 1, -1):
        labels = [_placed(x(moment.timestamp()), name, right) for moment, name in time_ticks(first, last, wanted)]
        if all(before.right + LABELS_APART <= after.left for before, after in pairwise(labels)):
            return labels
    return labels[:1]


def _placed(at: float, name: str, right: float) -> TimeLabel:
    return TimeLabel(at, name, "end" if at + text_width(name) / 2 > right else "middle")


def text_width(text: str) -> float:
    """Return about how wide a label is in the largest letters."""
    return sum(MARK if letter in MARKS else LETTER for letter in text)


def _label(moment: datetime, step_s: float, span_s: float) -> str:
    if step_s < 1:
        return f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}"
    if step_s < 60:
        return f"{moment:%H:%M:%S}"
    if span_s < DAY_S:
        return f"{moment:%H:%M}"
    return f"{moment:%d %b %H:%M}" if step_s < DAY_S else f"{moment:%d %b}"


def _step(rough: float) -> float:
    power: float = 10.0 ** math.floor(math.log10(rough)) if rough > 0 else 1.0
    return next(step * power for step in STEPS if step * power >= rough - 1e-12) if rough > 0 else 1.0
