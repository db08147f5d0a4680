"""The confusion matrix: how often each true class was predicted as each class."""

from collections.abc import Sequence

from display import figures
from display.markup import element, picture, text

WIDTH, HEIGHT = 520.0, 300.0
"""The size of the picture, as that of the charts beside it. With many classes it is larger."""
LEFT, TOP, EDGE = 118.0, 54.0, 4.0
WIDEST, LEAST = 160.0, 34.0
"""The width of the widest cell, and the side of the smallest."""
ROOM_FOR_SHARES = 44.0
LETTER = 7.0
LEAST_SHADE = 0.05
Place = tuple[float, float, float, float]
"""Left, top, width and height of a cell."""


def confusion_matrix(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """Return the matrix. `counts[true][predicted]`; a cell is as dark as its share of the true class.

    Small cells have only counts that are not zero, without shares.
    """
    number = max(1, len(classes))
    wide = min(WIDEST, max(LEAST, (WIDTH - LEFT - EDGE) / number))
    high = max(LEAST, (HEIGHT - TOP - EDGE) / number)
    parts = [
        element("text", text("predicted"), x=LEFT + wide * number / 2, y=14, text_anchor="middle"),
        element("text", text("true class"), x=LEFT - 8, y=TOP - 10, text_anchor="end"),
    ]
    for index, name in enumerate(classes):
        parts.append(_name(name, LEFT + (index + 0.5) * wide, TOP - 10, "middle", wide))
        parts.append(_name(name, LEFT - 8, TOP + (index + 0.5) * high + 4, "end", LEFT - 8))
    for true, row in enumerate(counts):
        for predicted, count in enumerate(row):
            place = (LEFT + predicted * wide, TOP + true * high, wide, high)
            parts.append(_cell(place, count, sum(row), (classes[true], classes[predicted])))
    size = max(WIDTH, LEFT + wide * number + EDGE), max(HEIGHT, TOP + high * number + EDGE)
    return picture(*size, "Confusion matrix", *parts)


def _name(name: str, x: float, y: float, anchor: str, room: float) -> str:
    fits = max(2, int(room / LETTER))
    shown = name if len(name) <= fits else f"{name[: fits - 1]}…"
    title = element("title", text(name))
    return element("text", title, text(shown), x=x, y=y, text_anchor=anchor, class_="cell-name")


def _cell(place: Place, count: int, total: int, names: tuple[str, str]) -> str:
    x, y, wide, high = place
    part = count / total if total else 0.0
    true, predicted = names
    told = f"{count} of {total} images of {true} are predicted as {predicted}"
    box = {"x": x + 1, "y": y + 1, "width": wide - 2, "height": high - 2, "rx": 4}
    tone = "tone-good" if true == predicted else "tone-bad"
    shade = f"{LEAST_SHADE + 0.4 * part:.2f}" if count else "0"
    return element(
        "g",
        element("title", text(told)),
        element("rect", **box, class_="cell-frame"),
        element("rect", **box, class_=f"cell {tone}", fill_opacity=shade),
        *_figures(x + wide / 2, y + high / 2, count, total, min(wide, high) >= ROOM_FOR_SHARES),
    )


def _figures(x: float, y: float, count: int, total: int, has_room: bool) -> list[str]:
    if has_room:
        share = element("text", text(figures.share(count, total)), x=x, y=y + 16, text_anchor="middle")
        return [element("text", text(count), x=x, y=y, text_anchor="middle", class_="cell-count"), share]
    return [element("text", text(count), x=x, y=y + 4, text_anchor="middle", class_="cell-name")] if count else []
