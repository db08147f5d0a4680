"""Charts of decisions: the confidence of each over time, and the number of decisions by confidence."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from display import figures
from display.colors import class_tone, marker_path
from display.markup import element, picture, text
from display.scales import Scale, ticks, time_labels

WIDTH, HEIGHT = 860.0, 300.0
NARROW = 358.0
"""The width of the chart over time on a telephone."""
LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 12.0, 26.0
MARKER = 4.0
KEY_WIDTH, KEY_HEIGHT = 20.0, 14.0
"""The key of the threshold, above the markers: its dash, and the height that it takes."""
BINS = 20
HISTOGRAM_WIDTH = 420.0


@dataclass(frozen=True)
class Decision:
    """One prediction: when (seconds since 1970), which class, how certain, and the true class if it is known."""

    time: float
    prediction: int
    confidence: float
    label: int | None = None
    name: str = ""
    href: str | None = None

    @property
    def is_wrong(self) -> bool:
        return self.label is not None and self.label != self.prediction


def confidence_over_time(
    decisions: Sequence[Decision], threshold: float | None, classes: Sequence[str], width: float = WIDTH
) -> str:
    """Return the chart of decisions. Those below the threshold are open markers; wrong ones have a ring."""
    floor = lowest([decision.confidence for decision in decisions], threshold)
    first, last = min(each.time for each in decisions), max(each.time for each in decisions)
    x = Scale(first, max(last, first + 1), LEFT + MARKER, width - RIGHT - MARKER)
    y = Scale(floor, 1.0, HEIGHT - BOTTOM, TOP + MARKER + (0 if threshold is None else KEY_HEIGHT))
    parts = [*_frame(x, y), *_threshold(threshold, x, y)]
    parts += [_marker(decision, x, y, threshold, classes) for decision in decisions]
    return picture(width, HEIGHT, "Confidence of each decision over time", *parts)


def histogram(
    decisions: Sequence[Decision], threshold: float | None, classes: Sequence[str], width: float = HISTOGRAM_WIDTH
) -> str:
    """Return how many decisions there are of each confidence, the classes stacked. No bar spans the threshold."""
    floor = lowest([decision.confidence for decision in decisions], threshold)
    edges = bin_edges(floor, threshold)
    counts = [[0] * len(classes) for _ in edges[1:]]
    for decision in decisions:
        place = min(bisect_right(edges, decision.confidence, 1), len(counts)) - 1
        counts[place][decision.prediction] += 1
    height = HEIGHT
    x = Scale(floor, 1.0, LEFT, width - RIGHT)
    y = Scale(0.0, max(map(sum, counts)) or 1, height - BOTTOM, TOP + MARKER)
    parts = []
    for value in ticks(0, y.high):
        parts.append(element("line", x1=LEFT, x2=x.end, y1=y(value), y2=y(value), class_="grid"))
        parts.append(element("text", text(figures.number(value)), x=LEFT - 6, y=y(value) + 4, text_anchor="end"))
    for value in ticks(floor, 1.0):
        parts += [element("text", text(f"{value:g}"), x=x(value), y=height - 7, text_anchor="middle")]
    for (low, high), bin_counts in zip(pairwise(edges), counts, strict=True):
        parts += _stack(x(low) + 0.75, x(high) - 0.75, bin_counts, y, classes, f"{low:.2f} to {high:.2f}")
    if threshold is not None:
        parts.append(element("line", x1=x(threshold), x2=x(threshold), y1=TOP, y2=height - BOTTOM, class_="threshold"))
    return picture(width, height, "Number of decisions by confidence", *parts)


def lowest(values: Sequence[float], threshold: float | None) -> float:
    """Return the lowest value of the axis: below all values, and well below the threshold."""
    least = min([*values, 1.0 if threshold is None else threshold])
    floor = min(least - 0.02, 1.0 if threshold is None else threshold - 0.1, 0.95)
    return max(0.0, round(floor, 2))


def bin_edges(floor: float, threshold: float | None) -> list[float]:
    """Return the edges of bins of about equal width from the floor to 1. One edge is the threshold."""
    width = (1 - floor) / BINS
    if threshold is None or not floor < threshold < 1:
        return [floor + number * width for number in range(BINS + 1)]
    below, above = (max(1, round(part / width)) for part in (threshold - floor, 1 - threshold))
    lower = [floor + number * (threshold - floor) / below for number in range(below)]
    return [*lower, *(threshold + number * (1 - threshold) / above for number in range(above + 1))]


def _frame(x: Scale, y: Scale) -> list[str]:
    parts, right = [], x.end + MARKER
    for value in ticks(y.low, y.high):
        parts.append(element("line", x1=LEFT, x2=right, y1=y(value), y2=y(value), class_="grid"))
        parts.append(element("text", text(f"{value:g}"), x=LEFT - 6, y=y(value) + 4, text_anchor="end"))
    labels = time_labels(x, 6, right + RIGHT)
    return parts + [
        element("text", text(each.text), x=each.at, y=HEIGHT - 7, text_anchor=each.anchor) for each in labels
    ]


def _threshold(threshold: float | None, x: Scale, y: Scale) -> list[str]:
    if threshold is None:
        return []
    place, right = y(threshold), x.end + MARKER
    # beside its line, the name would lie on the markers, of which most are there
    name = element("text", text(f"threshold {threshold:g}"), x=LEFT + KEY_WIDTH + 6, y=TOP, class_="threshold-name")
    return [
        element("line", x1=LEFT, x2=LEFT + KEY_WIDTH, y1=TOP - 4, y2=TOP - 4, class_="threshold"),
        name,
        element("rect", x=LEFT, y=place, width=right - LEFT, height=HEIGHT - BOTTOM - place, class_="below"),
        element("line", x1=LEFT, x2=right, y1=place, y2=place, class_="threshold"),
    ]


def _marker(decision: Decision, x: Scale, y: Scale, threshold: float | None, classes: Sequence[str]) -> str:
    is_open = threshold is not None and decision.confidence < threshold
    place = x(decision.time), y(decision.confidence)
    kind = f"marker tone-{class_tone(decision.prediction)}" + (" is-open" if is_open else "")
    moment = datetime.fromtimestamp(decision.time, UTC)
    told = f"{classes[decision.prediction]} {decision.confidence:.4f}, {moment:%H:%M:%S}"
    if decision.is_wrong and decision.label is not None:
        told += f"; it is a {classes[decision.label]}"
    if decision.name:
        told += f"\n{decision.name}"
    parts = [
        element("title", text(told)),
        element("path", d=marker_path(decision.prediction, *place, MARKER), class_=kind),
    ]
    if decision.is_wrong:
        parts.append(element("circle", cx=place[0], cy=place[1], r=MARKER + 4, class_="marker is-wrong"))
    drawn = element("g", *parts)
    return element("a", drawn, href=decision.href) if decision.href else drawn


def _stack(
    left: float, right: float, counts: Sequence[int], y: Scale, classes: Sequence[str], between: str
) -> list[str]:
    parts, below = [], 0
    for index, count in enumerate(counts):
        if count:
            top, bottom = y(below + count), y(below)
            title = element("title", text(f"{count} {classes[index]}, confidence {between}"))
            parts.append(
                element(
                    "rect",
                    title,
                    x=left,
                    y=top,
                    width=max(right - left, 1.0),
                    height=max(bottom - top - 0.75, 0.5),
                    class_=f"bar tone-{class_tone(index)}",
                )
            )
            below += count
    return parts
