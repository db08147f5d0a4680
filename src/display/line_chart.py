"""Curves: one or several series over steps or over time, as SVG with the values in hover texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from display import figures
from display.markup import element, picture, text
from display.scales import LETTER, Scale, fitted, is_wide, padded, text_width, ticks, time_labels

LEFT, RIGHT, TOP, BOTTOM = 46.0, 12.0, 14.0, 24.0
TICK_GAP = 6.0
"""The gap between a tick's label and its line. A chart is clipped on paper: what is to the left of it would be cut."""
POINTS_MAX = 300
DOTS_MAX = 24
"""A curve of at most so many points has a dot at each."""


@dataclass(frozen=True)
class Series:
    """A curve. Its tone is a name of `display.css`, such as `class-0` or `good`."""

    name: str
    points: tuple[tuple[float, float], ...]
    tone: str = "class-0"


@dataclass(frozen=True)
class Axes:
    """The size of a chart in its own units, and how it writes values and places on its x axis."""

    width: float = 420.0
    height: float = 190.0
    x_is_time: bool = False
    x_name: str = "step"
    write: Callable[[float | None], str] = figures.number
    write_x: Callable[[float], str] | None = None
    """How a place on the x axis is written; the number, with x_name before it in hover texts, if it is None."""
    from_zero: bool = False
    x_range: tuple[float, float] | None = None
    """Where the x axis begins and ends; at the first and the last point if it is None."""
    gap: float | None = None
    """A curve is interrupted where its next point is further away on the x axis; never if it is None."""
    y_range: tuple[float, float] | None = None
    """The values that the y axis has room for; those of the series if it is None."""
    mark: tuple[float, str] | None = None
    """A place on the x axis that a line marks, and its name."""
    limit: tuple[float, str] | None = None
    """A value on the y axis that a line marks, and its name."""
    may_be_log: bool = False
    """Whether the y axis is logarithmic if the values are positive and span two decades."""


def line_chart(series: Sequence[Series], label: str, axes: Axes | None = None) -> str:
    """Return the chart of series that have at least one point together. x is a number, or seconds since 1970."""
    axes = axes or Axes()
    series = [Series(each.name, thinned(each.points), each.tone) for each in series if each.points]
    values = [y for each in series for _, y in each.points]
    places = [x for each in series for x, _ in each.points]
    first, last = axes.x_range or (min(places), max(places))
    y = _y_scale(axes, values)
    x = Scale(first, max(last, first + 1e-9), _left(axes, y), axes.width - RIGHT)
    curves = [part for each in series for part in _curve(each, x, y, axes.gap)]
    return picture(
        axes.width,
        axes.height,
        label,
        *_frame(axes, x, y),
        *curves,
        *_mark(axes, series, x, y),
        *_hovers(series, axes, x, y),
    )


def _left(axes: Axes, y: Scale) -> float:
    """Return where the x axis begins: to the right of the widest label of the y axis."""
    return max(LEFT, TICK_GAP + LETTER * max(len(name) for _, name in _y_ticks(axes, y)))


def _y_ticks(axes: Axes, y: Scale) -> list[tuple[float, str]]:
    write = figures.power_of_ten if y.is_log else axes.write
    return [(value, write(value)) for value in y.ticks()]


def _y_scale(axes: Axes, values: Sequence[float]) -> Scale:
    start, end = axes.height - BOTTOM, TOP
    if axes.may_be_log and is_wide(values):
        return fitted(values, start, end)
    low, high = axes.y_range or (0.0 if axes.from_zero else min(values), max(values))
    return Scale(*(padded(low, high or 1.0) if axes.from_zero else padded(low, high)), start, end)


def thinned(points: tuple[tuple[float, float], ...], limit: int = POINTS_MAX) -> tuple[tuple[float, float], ...]:
    """Return at most about `limit` points. Of each group of neighbors the lowest and the highest stay."""
    if len(points) <= limit:
        return points
    group = -(-len(points) * 2 // limit)
    kept = []
    for start in range(0, len(points), group):
        members = points[start : start + group]
        extremes = {min(members, key=lambda point: point[1]), max(members, key=lambda point: point[1])}
        kept += sorted(extremes)
    return tuple(kept)


def _frame(axes: Axes, x: Scale, y: Scale) -> list[str]:
    parts = []
    for value, name in _y_ticks(axes, y):
        left = x.start - TICK_GAP
        parts.append(element("line", x1=x.start, x2=x.end, y1=y(value), y2=y(value), class_="grid"))
        parts.append(element("text", text(name), x=left, y=y(value) + 4, text_anchor="end", class_="tick"))
    for place, name, anchor in _x_ticks(axes, x):
        parts.append(element("text", text(name), x=place, y=axes.height - 6, text_anchor=anchor, class_="tick"))
    return [*parts, *_limit(axes, x, y)]


def _limit(axes: Axes, x: Scale, y: Scale) -> list[str]:
    if axes.limit is None or not y.low <= axes.limit[0] <= y.high:
        return []
    value, name = axes.limit
    return [
        element("line", x1=x.start, x2=x.end, y1=y(value), y2=y(value), class_="threshold"),
        element("text", text(name), x=x.end, y=y(value) - 4, text_anchor="end", class_="threshold-name"),
    ]


def _mark(axes: Axes, series: Sequence[Series], x: Scale, y: Scale) -> list[str]:
    if axes.mark is None or not x.low <= axes.mark[0] <= x.high:
        return []
    place, name, bottom = x(axes.mark[0]), axes.mark[1], axes.height - BOTTOM
    at_left = place < axes.width / 2
    near, far = place, place + (text_width(name) if at_left else -text_width(name))
    taken = [y(value) for value in _values_between(series, x, min(near, far), max(near, far))]
    # at the end of the line that is farther from the curves: those of a loss end at the bottom
    height = max((bottom - 8, TOP + 10), key=lambda at: min((abs(at - 4 - each) for each in taken), default=0.0))
    return [
        element("line", x1=place, x2=place, y1=TOP, y2=bottom, class_="axis", stroke_dasharray="2 3"),
        element(
            "text",
            text(name),
            x=place + (5 if at_left else -5),
            y=height,
            text_anchor="start" if at_left else "end",
            class_="mark-name",
        ),
    ]


def _values_between(series: Sequence[Series], x: Scale, left: float, right: float) -> list[float]:
    """Return the values of the curves between two places, with those of the points just outside."""
    values: list[float] = []
    for each in series:
        inside = [index for index, (at, _) in enumerate(each.points) if left <= x(at) <= right]
        if inside:
            values += [value for _, value in each.points[max(0, inside[0] - 1) : inside[-1] + 2]]
    return values


def _x_ticks(axes: Axes, x: Scale) -> list[tuple[float, str, str]]:
    """Return the place, the text and the text-anchor of each tick."""
    if not axes.x_is_time:
        whole = [value for value in ticks(x.low, x.high, 5) if value == int(value)]
        return [(x(value), (axes.write_x or figures.number)(value), "middle") for value in whole]
    return [(each.at, each.text, each.anchor) for each in time_labels(x, 4, axes.width)]


def _curve(series: Series, x: Scale, y: Scale, gap: float | None) -> list[str]:
    parts, dots = [], [] if len(series.points) > DOTS_MAX else list(series.points)
    for piece in _pieces(series.points, gap):
        path = "M" + "L".join(f"{x(px):.1f},{y(py):.1f}" for px, py in piece)
        if len(piece) > 1:
            parts.append(element("path", d=path, class_=f"curve tone-{series.tone}"))
        elif piece[0] not in dots:
            dots.append(piece[0])  # a point alone would not be seen
    return parts + [element("circle", cx=x(px), cy=y(py), r=2.5, class_=f"dot tone-{series.tone}") for px, py in dots]


def _pieces(points: tuple[tuple[float, float], ...], gap: float | None) -> list[list[tuple[float, float]]]:
    """Return the points in groups: a new one begins after a gap."""
    pieces = [[points[0]]]
    for before, point in pairwise(points):
        if gap is not None and point[0] - before[0] > gap:
            pieces.append([])
        pieces[-1].append(point)
    return pieces


def _hovers(series: Sequence[Series], axes: Axes, x: Scale, y: Scale) -> list[str]:
    """Return an invisible strip for each x that has values; while the pointer is over it, the values appear."""
    by_place: dict[float, list[tuple[Series, float]]] = {}
    for each in series:
        for px, py in each.points:
            by_place.setdefault(px, []).append((each, py))
    places = sorted(by_place)
    edges = [x.start, *((x(a) + x(b)) / 2 for a, b in pairwise(places)), x.end]
    return [
        _hover(by_place[place], place, (left, right), axes, x, y)
        for place, left, right in zip(places, edges, edges[1:], strict=False)
    ]


def _hover(
    values: list[tuple[Series, float]], place: float, strip: tuple[float, float], axes: Axes, x: Scale, y: Scale
) -> str:
    left, right = strip
    named = " · ".join(
        f"{each.name} {axes.write(value)}" if len(values) > 1 else axes.write(value) for each, value in values
    )
    at_left = x(place) < axes.width / 2
    dots = [
        element("circle", cx=x(place), cy=y(value), r=3.5, class_=f"dot tone-{each.tone}") for each, value in values
    ]
    return element(
        "g",
        element("rect", x=left, y=TOP - 10, width=max(right - left, 1.0), height=axes.height - BOTTOM - TOP + 10),
        element("line", x1=x(place), x2=x(place), y1=TOP, y2=axes.height - BOTTOM, class_="rule"),
        *dots,
        element(
            "text",
            text(f"{_where(axes, place)}: {named}"),
            x=x.start if at_left else x.end,
            y=10,
            text_anchor="start" if at_left else "end",
            class_="value",
        ),
        class_="hover",
    )


def _where(axes: Axes, place: float) -> str:
    if axes.x_is_time:
        return f"{datetime.fromtimestamp(place, UTC):%H:%M:%S}"
    return axes.write_x(place) if axes.write_x else f"{axes.x_name} {place:g}"
