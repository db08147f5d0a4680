"""Lines of logs as HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from console.aws.log_search import ERROR_WORDS
from console.aws.logs import Line
from display.markup import text

FAILURE = "failure"
"""The id of the line at which the log of something that failed opens."""


def failure_in(lines: Sequence[Line]) -> dict[int, str]:
    """Return the anchor of the last line that has a word for an error; empty without one."""
    for place in reversed(range(len(lines))):
        if any(word in lines[place].text for word in ERROR_WORDS):
            return {place: FAILURE}
    return {}


def lines_of(lines: Sequence[Line], searched: str = "", anchors: Mapping[int, str] = MappingProxyType({})) -> str:
    """Return a line of HTML for each line, with its time in front. Each `searched` in the text is highlighted.

    `anchors` are the ids of lines that links lead to, by their places.
    """
    written = [f"<i>{line.time:%H:%M:%S}</i>{marked(line.text, searched)}\n" for line in lines]
    for place, name in anchors.items():
        written[place] = f'<span id="{name}">{written[place]}</span>'
    return "".join(written)


def marked(line: str, searched: str) -> str:
    """Return the line as HTML, with the text that was searched highlighted in any case."""
    if not searched:
        return text(line)
    parts = re.split(f"({re.escape(searched)})", line, flags=re.IGNORECASE)
    return "".join(f"<mark>{text(part)}</mark>" if place % 2 else text(part) for place, part in enumerate(parts))
