"""Lines of logs as HTML."""

from __future__ import annotations

from collections.abc import Sequence

from console.aws.logs import Line
from display.markup import text


def lines_of(lines: Sequence[Line], marked: str = "") -> str:
    """Return a line of HTML for each line, with its time in front. Each `marked` in the text is highlighted."""
    return "".join(f"<i>{line.time:%H:%M:%S}</i>{_marked(line.text, marked)}\n" for line in lines)


def _marked(line: str, marked: str) -> str:
    if not marked:
        return text(line)
    return f"<mark>{text(marked)}</mark>".join(map(text, line.split(marked)))
