"""The confusion matrix: how often each true class was predicted as each class."""

from collections.abc import Sequence

from display import figures
from display.markup import element, picture, text

CELL, LEFT, TOP = 92.0, 118.0, 54.0
LARGEST = 8
"""With more classes, the cells are smaller and have only the counts that are not zero, without shares."""
SMALL_CELL = 34.0
LEAST_SHADE = 0.05


def confusion_matrix(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> str:
    """Return the matrix. `counts[true][predicted]`; a cell is as dark as its share of the true class."""
    cell = CELL if len(classes) <= LARGEST else SMALL_CELL
    size = cell * len(classes)
    parts = [
        element("text", text("predicted"), x=LEFT + size / 2, y=14, text_anchor="middle"),
        element("text", text("true class"), x=LEFT - 8, y=TOP - 10, text_anchor="end"),
    ]
    for index, name in enumerate(classes):
        middle = (index + 0.5) * cell
        parts.append(element("text", text(name), x=LEFT + middle, y=TOP - 10, text_anchor="middle", class_="cell-name"))
        parts.append(element("text", text(name), x=LEFT - 8, y=TOP + middle + 4, text_anchor="end", class_="cell-name"))
    for true, row in enumerate(counts):
        for predicted, count in enumerate(row):
            place = LEFT + predicted * cell, TOP + true * cell
            parts.append(_cell(place, cell, count, sum(row), (classes[true], classes[predicted])))
    return picture(LEFT + size + 4, TOP + size + 4, "Confusion matrix", *parts)


def _cell(place: tuple[float, float], cell: float, count: int, total: int, names: tuple[str, str]) -> str:
    x, y = place
    part = count / total if total else 0.0
    true, predicted = names
    told = f"{count} of {total} images of {true} are predicted as {predicted}"
    parts = [
        element("title", text(told)),
        element("rect", x=x + 1, y=y + 1, width=cell - 2, height=cell - 2, rx=4, class_="cell-frame"),
        element(
            "rect",
            x=x + 1,
            y=y + 1,
            width=cell - 2,
            height=cell - 2,
            rx=4,
            class_=f"cell {'tone-good' if true == predicted else 'tone-bad'}",
            fill_opacity=f"{LEAST_SHADE + 0.4 * part:.2f}" if count else "0",
        ),
    ]
    if cell == CELL:
        middle = x + cell / 2
        parts.append(element("text", text(count), x=middle, y=y + cell / 2, text_anchor="middle", class_="cell-count"))
        share = figures.share(count, total)
        parts.append(element("text", text(share), x=middle, y=y + cell / 2 + 18, text_anchor="middle"))
    elif count:
        parts.append(
            element("text", text(count), x=x + cell / 2, y=y + cell / 2 + 4, text_anchor="middle", class_="cell-name")
        )
    return element("g", *parts)
