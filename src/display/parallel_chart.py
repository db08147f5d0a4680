"""A chart of many items: an axis for each dimension, and a line across all axes for each item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from display import figures
from display.markup import element, picture, text
from display.scales import Scale, fitted

HEIGHT = 320.0
WIDTH = 1000.0
LEFT, RIGHT, TOP, BOTTOM = 76.0, 84.0, 34.0, 14.0
AXES_MAX = 8
NAMES_MAX = 12
BEST_TONE, TONE = "good", "ink"


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
    x: float
    scale: Scale
    words: tuple[str, ...] = ()

    def place(self, value: float | str) -> float:
        return self.scale(float(self.words.index(str(value))) if self.words else float(value))

    def marks(self) -> list[tuple[float, str]]:
        if not self.words:
            write = figures.power_of_ten if self.scale.is_log else figures.number
            return [(self.scale(each), write(each)) for each in self.scale.ticks()]
        step = -(-len(self.words) // NAMES_MAX)
        return [(self.scale(float(index)), self.words[index]) for index in range(0, len(self.words), step)]


def parallel_chart(lines: Sequence[Line], dimensions: Sequence[str]) -> str:
    """Return the chart of at least one line and two dimensions. A line skips a dimension that its item lacks."""
    shown = list(dimensions)[:AXES_MAX]
    apart = (WIDTH - LEFT - RIGHT) / max(1, len(shown) - 1)
    axes = [_axis(lines, name, LEFT + apart * number) for number, name in enumerate(shown)]
    ordered = sorted(lines, key=lambda line: line.is_best)  # the best is drawn last, above the others
    parts = [_line(line, axes) for line in ordered]
    return picture(WIDTH, HEIGHT, f"Each as a line across {', '.join(shown)}", *parts, *map(_frame, axes))


def _axis(lines: Sequence[Line], name: str, x: float) -> _Axis:
    values = [line.values[name] for line in lines if name in line.values]
    numbers = [value for value in values if isinstance(value, float)]
    if len(numbers) == len(values) and numbers:
        return _Axis(name, x, fitted(numbers, HEIGHT - BOTTOM, TOP))
    words = tuple(sorted({str(value) for value in values}))
    return _Axis(name, x, Scale(-0.5, len(words) - 0.5, HEIGHT - BOTTOM, TOP), words)


def _frame(axis: _Axis) -> str:
    marks = [
        element("text", text(_short(name)), x=axis.x - 6, y=y + 4, text_anchor="end", class_="mark")
        for y, name in axis.marks()
    ]
    return element(
        "g",
        element("line", x1=axis.x, x2=axis.x, y1=TOP, y2=HEIGHT - BOTTOM, class_="axis"),
        element("text", text(_short(axis.name, 22)), x=axis.x, y=TOP - 16, text_anchor="middle", class_="axis-name"),
        *marks,
    )


def _line(line: Line, axes: Sequence[_Axis]) -> str:
    crossed = [axis for axis in axes if axis.name in line.values]
    path = "M" + "L".join(f"{axis.x:.1f},{axis.place(line.values[axis.name]):.1f}" for axis in crossed)
    told = [line.name, *(f"{axis.name} {_written(line.values[axis.name])}" for axis in crossed)]
    kind = f"curve tone-{BEST_TONE if line.is_best else TONE} {'is-best' if line.is_best else 'is-one-of-many'}"
    drawn = element("path", element("title", text("\n".join(told))), d=path, class_=kind)
    return element("a", drawn, href=line.href, tabindex="-1")  # the table has the links for the keyboard


def _written(value: float | str) -> str:
    return figures.number(value) if isinstance(value, float) else value


def _short(name: str, length: int = 12) -> str:
    return name if len(name) <= length else f"{name[: length - 1]}…"
