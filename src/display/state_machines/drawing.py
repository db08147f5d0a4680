"""Draw a graph as SVG. With visits, it shows an execution: which states ran, how they ended, and which path it took."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from display.markup import element, picture, text
from display.state_machines.definition import CATCH, Graph, State, Transition
from display.state_machines.layers import Layout, Size, lay_out

MARGIN, START_R = 14.0, 6.0
ROW_HEIGHT, LETTER, SMALL_LETTER = 44.0, 8.2, 6.3
SIDE, HEAD, PADDING, BRANCH_GAP = 40.0, 44.0, 16.0, 20.0
START = "\0start"
END_GAP = 9.0


@dataclass(frozen=True)
class Visit:
    """A state's part in an execution. `tone` is that of its status; `note` is short, such as `45 ms`."""

    tone: str
    note: str
    told: str
    """The hover text."""


@dataclass(frozen=True)
class Drawing:
    """An execution, to be drawn on a graph. `links` has the id of the page's element that each state links to.

    `focus` is the state that a page shows first of a graph that is too large for its frame.
    """

    visits: Mapping[str, Visit]
    taken: Collection[tuple[str, str]]
    links: Mapping[str, str]
    focus: str = ""


NOTHING = Drawing({}, (), {})


def draw(graph: Graph, label: str, drawing: Drawing = NOTHING, style: str = "") -> str:
    """Return the SVG of a graph. `style` is a stylesheet for a file that stands alone; a page has its own."""
    body, size = _group(graph, drawing)
    width, height = size.width + 2 * MARGIN, size.height + 2 * MARGIN + END_GAP
    head = [element("style", style)] if style else []
    return picture(
        width,
        height,
        label,
        *head,
        element("g", *body, transform=f"translate({MARGIN:g},{MARGIN:g})"),
        class_="machine",
    ).replace("<svg ", f'<svg width="{width:.0f}" height="{height:.0f}" ', 1)


def _group(graph: Graph, drawing: Drawing) -> tuple[list[str], Size]:
    """Return the elements of a graph, placed from 0, 0, and its size."""
    inner = {state.name: [_group(child, drawing) for child in state.children] for state in graph.states}
    sizes = {state.name: _size(state, [size for _, size in inner[state.name]], drawing) for state in graph.states}
    edges = [(each.source, each.target) for each in graph.transitions]
    starts = [(START, name) for name in graph.starts]
    weak = {(each.source, each.target) for each in graph.transitions if each.kind == CATCH}
    layout = lay_out(START, {START: Size(2 * START_R, 2 * START_R), **sizes}, [*starts, *edges], weak)
    parts = [_line(layout, Transition(*each), is_taken=each[1] in drawing.visits) for each in starts]
    # lines that were taken are drawn last, above the others
    taken = {each: (each.source, each.target) in drawing.taken for each in graph.transitions}
    parts += [
        _line(layout, each, is_taken=taken[each])
        for each in sorted(graph.transitions, key=lambda each: taken[each])
        if each.source != each.target
    ]
    x, y = layout.centers[START]
    parts.append(element("circle", cx=x, cy=y, r=START_R, class_="start"))
    for state in graph.states:
        parts += _state(state, layout.centers[state.name], sizes[state.name], inner[state.name], drawing)
    return parts, Size(layout.width, layout.height)


def _size(state: State, children: list[Size], drawing: Drawing) -> Size:
    note = drawing.visits[state.name].note if state.name in drawing.visits else ""
    width = max(LETTER * len(state.name), SMALL_LETTER * (len(state.purpose) + len(note) + 3)) + SIDE
    if not children:
        return Size(max(width, 112.0), ROW_HEIGHT)
    inside = sum(child.width for child in children) + BRANCH_GAP * (len(children) - 1) + 2 * PADDING
    return Size(max(width, inside), HEAD + max(child.height for child in children) + PADDING + END_GAP)


def _state(
    state: State,
    center: tuple[float, float],
    size: Size,
    inner: list[tuple[list[str], Size]],
    drawing: Drawing,
) -> list[str]:
    visit = drawing.visits.get(state.name)
    left, top = center[0] - size.width / 2, center[1] - size.height / 2
    kind = f"state kind-{state.type.lower()}" + (f" is-visited tone-{visit.tone}" if visit else "")
    kind += " is-focus" if state.name == drawing.focus else ""
    parts = [
        element("title", text(visit.told if visit else state.comment or f"{state.name}: {state.purpose}")),
        element("rect", x=left, y=top, width=size.width, height=size.height, rx=7, class_="box"),
        element("rect", x=left, y=top + 9, width=3, height=ROW_HEIGHT - 18, rx=1.5, class_="stripe"),
        element("text", text(state.name), x=left + 16, y=top + 19, class_="name"),
        element("text", text(state.purpose), x=left + 16, y=top + 34, class_="purpose"),
    ]
    if visit:
        parts.append(
            element("text", text(visit.note), x=left + size.width - 12, y=top + 34, text_anchor="end", class_="note")
        )
    if state.is_end:
        bottom = top + size.height + END_GAP / 2
        parts.append(element("line", x1=center[0] - 9, x2=center[0] + 9, y1=bottom, y2=bottom, class_="end"))
    place = left + (size.width - sum(child.width for _, child in inner) - BRANCH_GAP * (len(inner) - 1)) / 2
    for body, child in inner:
        parts.append(element("g", *body, transform=f"translate({place:.1f},{top + HEAD:.1f})"))
        place += child.width + BRANCH_GAP
    drawn = element("g", *parts, class_=kind)
    link = drawing.links.get(state.name)
    return [element("a", drawn, href=f"#{link}")] if link and not inner else [drawn]


def _line(layout: Layout, transition: Transition, is_taken: bool) -> str:
    points = layout.lines[(transition.source, transition.target)]
    kind = f"line kind-{transition.kind}" + (" is-taken" if is_taken else "")
    title = [element("title", text(transition.condition))] if transition.condition else []
    (x, y), (_, before) = points[-1], points[-2]
    up = -1 if before > y else 1
    head = f"M{x:.1f},{y:.1f}l-3.5,{-6.5 * up}h7z"
    return element(
        "g", *title, element("path", d=_curve(points), class_="way"), element("path", d=head, class_="tip"), class_=kind
    )


def _curve(points: list[tuple[float, float]]) -> str:
    """Return a path that leaves and enters each point vertically."""
    (x, y), *rest = points
    path = f"M{x:.1f},{y:.1f}"
    for next_x, next_y in rest:
        middle = (y + next_y) / 2
        path += f"C{x:.1f},{middle:.1f} {next_x:.1f},{middle:.1f} {next_x:.1f},{next_y:.1f}"
        x, y = next_x, next_y
    return path
