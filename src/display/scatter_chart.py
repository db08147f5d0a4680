"""Many things in two dimensions, each a point with its name and values in the hover text."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from display import figures
from display.markup import element, picture, text
from display.scales import Scale, fitted

WIDTH, HEIGHT = 1000.0, 320.0
NARROW = 358.0
"""The width of the chart on a telephone."""
LEFT, RIGHT, TOP, BOTTOM = 56.0, 16.0, 34.0, 40.0
RADIUS = 4.0


@dataclass(frozen=True)
class Point:
    x: float
    y: float
    name: str
    href: str
    is_best: bool = False


def scatter_chart(
    points: Sequence[Point], x_name: str, y_name: str, y_values: Collection[float] = (), width: float = WIDTH
) -> str:
    """Return the chart of at least one point. The best is filled, and the others are open.

    The y axis has room for `y_values`, too, such as those of another chart that it can be compared with.
    """
    x = fitted([point.x for point in points], LEFT, width - RIGHT)
    y = fitted([*y_values, *(point.y for point in points)], HEIGHT - BOTTOM, TOP)
    is_whole = all(point.x == int(point.x) for point in points)  # such as epochs
    parts = []
    for value in y.ticks():
        parts.append(element("line", x1=LEFT, x2=width - RIGHT, y1=y(value), y2=y(value), class_="grid"))
        parts.append(element("text", text(_tick(value, y)), x=LEFT - 8, y=y(value) + 4, text_anchor="end"))
    parts += [
        element("text", text(_tick(value, x)), x=x(value), y=HEIGHT - BOTTOM + 16, text_anchor="middle")
        for value in x.ticks(6 if width == WIDTH else 4)
        if value == int(value) or not is_whole
    ]
    parts.append(
        element(
            "text", text(axis_name(x_name, x)), x=width - RIGHT, y=HEIGHT - 6, text_anchor="end", class_="axis-name"
        )
    )
    parts.append(element("text", text(axis_name(y_name, y)), x=LEFT, y=14, class_="axis-name"))
    parts += [_point(point, x, y, x_name, y_name) for point in sorted(points, key=lambda point: point.is_best)]
    return picture(width, HEIGHT, f"{y_name} by {x_name}", *parts)


def axis_name(name: str, scale: Scale) -> str:
    return f"{name} (log scale)" if scale.is_log else name


def _tick(value: float, scale: Scale) -> str:
    return figures.power_of_ten(value) if scale.is_log else figures.number(value)


def _point(point: Point, x: Scale, y: Scale, x_name: str, y_name: str) -> str:
    told = f"{point.name}\n{x_name} {figures.number(point.x)}\n{y_name} {figures.number(point.y)}"
    kind = "marker tone-good" if point.is_best else "marker tone-ink is-open"
    radius = RADIUS + 1.5 if point.is_best else RADIUS
    circle = element("circle", element("title", text(told)), cx=x(point.x), cy=y(point.y), r=radius, class_=kind)
    return element("a", circle, href=point.href)
