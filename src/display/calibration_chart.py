"""Calibration: whether decisions with a confidence of 0.9 are right nine times out of ten."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from display.markup import element, picture, text
from display.scales import Scale, ticks

WIDTH, HEIGHT = 520.0, 300.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 18.0, 18.0, 26.0
BINS = 10
LEAST_RADIUS, MOST_RADIUS = 3.0, 12.0


@dataclass(frozen=True)
class Bin:
    """Decisions of about the same confidence: how many, their mean confidence, and the share that is right."""

    count: int
    confidence: float
    accuracy: float


def bins(decisions: Sequence[tuple[float, bool]]) -> list[Bin]:
    """Return the bins that have decisions. A decision is its confidence, and whether it is right."""
    groups: dict[int, list[tuple[float, bool]]] = {}
    for confidence, is_right in decisions:
        groups.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, is_right))
    return [
        Bin(len(group), sum(c for c, _ in group) / len(group), sum(right for _, right in group) / len(group))
        for _, group in sorted(groups.items())
    ]


def expected_error(groups: Sequence[Bin]) -> float:
    """Return the expected calibration error: the mean distance of accuracy and confidence, weighted by decisions."""
    total = sum(group.count for group in groups)
    return sum(group.count * abs(group.accuracy - group.confidence) for group in groups) / total


def calibration_chart(decisions: Sequence[tuple[float, bool]]) -> str:
    """Return the chart. The diagonal is perfect: as many are right (up) as the confidence says (across)."""
    groups = bins(decisions)
    low = math.floor(BINS * min([0.5, *(min(group.confidence, group.accuracy) for group in groups)])) / BINS
    x, y = Scale(low, 1.0, LEFT, WIDTH - RIGHT), Scale(low, 1.0, HEIGHT - BOTTOM, TOP)
    parts = [element("line", x1=x(low), y1=y(low), x2=x(1.0), y2=y(1.0), class_="axis")]
    for value in ticks(low, 1.0):
        parts.append(element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y(value), y2=y(value), class_="grid"))
        parts.append(element("text", text(f"{value:g}"), x=LEFT - 6, y=y(value) + 4, text_anchor="end"))
        parts.append(element("text", text(f"{value:g}"), x=x(value), y=HEIGHT - 7, text_anchor="middle"))
    most = max(group.count for group in groups)
    parts += [_circle(group, x, y, most) for group in groups]
    return picture(WIDTH, HEIGHT, "Calibration", *parts)


def _circle(group: Bin, x: Scale, y: Scale, most: int) -> str:
    told = (
        f"{group.count} decisions of confidence {group.confidence:.3f} on average; {group.accuracy:.3f} of them right"
    )
    radius = LEAST_RADIUS + (MOST_RADIUS - LEAST_RADIUS) * (group.count / most) ** 0.5
    return element(
        "circle",
        element("title", text(told)),
        cx=x(group.confidence),
        cy=y(group.accuracy),
        r=radius,
        class_="marker tone-ink",
        fill_opacity="0.75",
    )
