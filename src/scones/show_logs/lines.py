"""One line of a log: the time, the text, and the color that tells a warning from an error."""

import re
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console
from rich.text import Text

from safety.plain_text import plain

# How programs of SageMaker, Lambda and Python mark them, at the start of a word and in capitals or as a class name.
ERROR = re.compile(r"\b(?:ERROR|CRITICAL|FATAL)\b|\b(?:[A-Z]\w*)?(?:Error|Exception)\b|\bTraceback\b|Task timed out")
WARNING = re.compile(r"\b(?:WARN|WARNING)\b|\b[A-Z]\w*Warning\b")


@dataclass(frozen=True)
class Line:
    """One line, and the millisecond since 1970 at which it was written."""

    timestamp_ms: int
    text: str
    style: str = ""
    """The color; without one, the text decides."""


def style_of(text: str) -> str:
    if ERROR.search(text):
        return "red"
    return "yellow" if WARNING.search(text) else ""


def show(console: Console, line: Line) -> None:
    """Print the line with the local time."""
    text = plain(line.text.rstrip("\n"))
    time = datetime.fromtimestamp(line.timestamp_ms / 1000).astimezone().strftime("%H:%M:%S")
    console.print(Text.assemble((f"{time} ", "dim"), (text, line.style or style_of(text))), soft_wrap=True)
