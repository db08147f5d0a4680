"""A chart of many items: an axis for each dimension, and a line across all axes for each item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from display import figures
from display.markup import element, picture, text
from display.scales import Scale, fitted

WIDTH, HEIGHT = 1000.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 76.0, 84.0, 34.0, 14.0
NARROW = 358.0
"""The width of the turned chart: its axes lie, one below the other, and the lines run down."""
TURNED_LEFT, TURNED_RIGHT, TURNED_TOP, TURNED_BOTTOM = 34.0, 14.0, 28.0, 26.0
TURNED_APART = 74.0
AXES_MAX = 8
NAMES_MAX, TURNED_NAMES_MAX = 12, 4
NOT_SET = "not set"
NOT_SET_ROOM, TURNED_NOT_SET_ROOM = 28.0, 56.0
"""How far the place of the lines that have no value is from the values of an axis."""
BEST_TONE, TONE = "good", "ink"
Place = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """One item: its name, and a number or a word for each of its dimensions."""

    name: str
    values: Mapping[str, float | str]
    href: str
    is_best: bool = False


@dataclass(frozen=True)
class _Axis:
    """A dimension and its place in the chart. Words have places of their own, in order; numbers are on a scale."""

    name: str
    at: float
    """x, or y if the axis lies."""
    scale: Scale
    lies: bool
    words: tuple[str, ...] = ()
    not_set: float | None = None
    """The place of the items without a value; None if all have one."""
    is_last: bool = False
    """Whether no line goes on beyond it, so that its labels stand there, on none."""

    def place(self, value: float | str | None) -> Place:
        """Return x and y of a value; of the place for items without one if it is None."""
        if value is None:
            assert self.not_set is not None
            along = self.not_set
        else:
            along = self.scale(float(self.words.index(str(value))) if self.words else float(value))
        return (along, self.at) if self.lies else (self.at, along)

    def marks(self) -> list[tuple[float, str]]:
        missing = [] if self.not_set is None else [(self.not_set, NOT_SET)]
        if not self.words:
            write = figures.power_of_ten if self.scale.is_log else figures.number
            return [*missing, *((self.scale(each), write(each)) for each in self.scale.ticks(3 if self.lies else 4))]
        step = -(-len(self.words) // (TURNED_NAMES_MAX if self.lies else NAMES_MAX))
        return [
            *missing,
            *((self.scale(float(index)), self.words[index]) for index in range(0, len(self.words), step)),
        ]


def parallel_chart(lines: Sequence[Line], dimensions: Sequence[str], is_narrow: bool = False) -> str:
    """Return the chart of at least one line and two dimensions; a narrow one is turned, so that all axes are seen.

    An axis has a place of its own beyond its end for the items that lack its dimension: a line through the scale would
    invent a value. What leads to that place is dashed.
    """
    shown = list(dimensions)[:AXES_MAX]
    axes = [_axis(lines, name, _at(number, len(shown), is_narrow), is_narrow) for number, name in enumerate(shown)]
    ordered = sorted(lines, key=lambda line: line.is_best)  # the best is drawn last, above the others
    parts = [_line(line, axes) for line in ordered]
    size = (NARROW, TURNED_TOP + TURNED_APART * (len(shown) - 1) + TURNED_BOTTOM) if is_narrow else (WIDTH, HEIGHT)
    return picture(
        *size,
        f"Each as a line across {', '.join(shown)}",
        *parts,
        *map(_frame, [*axes[:-1], replace(axes[-1], is_last=True)]),
    )


def _at(number: int, count: int, is_narrow: bool) -> float:
    if is_narrow:
        return TURNED_TOP + TURNED_APART * number
    return LEFT + (WIDTH - LEFT - RIGHT) / max(1, count - 1) * number


def _axis(lines: Sequence[Line], name: str, at: float, lies: bool) -> _Axis:
    values = [line.values[name] for line in lines if name in line.values]
    start, end = (TURNED_LEFT, NARROW - TURNED_RIGHT) if lies else (HEIGHT - BOTTOM, TOP)
    not_set = start if len(values) < len(lines) else None
    if not_set is not None:
        start += TURNED_NOT_SET_ROOM if lies else -NOT_SET_ROOM
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) == len(values) and numbers:
        return _Axis(name, at, fitted(numbers, start, end), lies, not_set=not_set)
    words = tuple(sorted({str(value) for value in values}))
    return _Axis(name, at, Scale(-0.5, len(words) - 0.5, start, end), lies, words, not_set)


def _frame(axis: _Axis) -> str:
    aside, anchor = (6, "start") if axis.is_last else (-6, "end")
    marks = [
        element("text", text(_short(name)), x=y, y=axis.at + 15, text_anchor="middle", class_="mark")
        if axis.lies
        else element("text", text(_short(name)), x=axis.at + aside, y=y + 4, text_anchor=anchor, class_="mark")
        for y, name in axis.marks()
    ]
    if axis.lies:
        ends = {"x1": axis.scale.start, "x2": axis.scale.end, "y1": axis.at, "y2": axis.at}
        title = element("text", text(_short(axis.name, 44)), x=0.0, y=axis.at - 10, class_="axis-name mark")
    else:
        ends = {"x1": axis.at, "x2": axis.at, "y1": axis.scale.end, "y2": axis.scale.start}
        title = element(
            "text", text(_short(axis.name, 22)), x=axis.at, y=TOP - 16, text_anchor="middle", class_="axis-name"
        )
    return element("g", element("line", **ends, class_="axis"), *_not_set(axis), title, *marks)


def _not_set(axis: _Axis) -> list[str]:
    """Return the ring at the place of the items without a value."""
    if axis.not_set is None:
        return []
    x, y = axis.place(None)
    return [element("circle", cx=x, cy=y, r=3.0, class_="not-set")]


def _line(line: Line, axes: Sequence[_Axis]) -> str:
    told = [line.name, *(f"{axis.name} {_written(line.values.get(axis.name))}" for axis in axes)]
    kind = f"curve tone-{BEST_TONE if line.is_best else TONE} {'is-best' if line.is_best else 'is-one-of-many'}"
    drawn = [element("path", d=path, class_=kind + dashed) for path, dashed in _pieces(line, axes)]
    title = element("title", text("\n".join(told)))
    return element("a", title, *drawn, href=line.href, tabindex="-1")  # the table has the links for the keyboard


def _pieces(line: Line, axes: Sequence[_Axis]) -> list[tuple[str, str]]:
    """Return the paths of the line, each with the class of what leads to or from a value that is not set, or none.

    The dots of a path begin anew on each axis: where lines lie on each other, so do their dots.
    """
    places = [axis.place(line.values.get(axis.name)) for axis in axes]
    is_set = [axis.name in line.values for axis in axes]
    steps = [(start, end, all(known)) for (start, end), known in zip(pairwise(places), pairwise(is_set), strict=True)]
    pieces = []
    for are_set, group in groupby(steps, key=lambda step: step[2]):
        steps_of_group = list(group)
        if are_set:
            pieces.append((_path([steps_of_group[0][0], *(end for _, end, _ in steps_of_group)]), ""))
        else:
            pieces.append(("".join(_path([start, end]) for start, end, _ in steps_of_group), " is-not-set"))
    return pieces


def _path(places: Sequence[Place]) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in places)


def _written(value: float | str | None) -> str:
    if value is None:
        return NOT_SET
    return figures.number(value) if isinstance(value, float) else value


def _short(name: str, length: int = 12) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
