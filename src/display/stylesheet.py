"""The stylesheet that all pages share, and its part for a picture that stands alone."""

import re
from functools import cache
from pathlib import Path

LIGHT_DARK = re.compile(r"light-dark\(([^,]+), [^)]+\)")


@cache
def stylesheet() -> str:
    """Return `display.css`."""
    return Path(__file__).with_name("display.css").read_text()


@cache
def light_stylesheet() -> str:
    """Return the stylesheet with light colors only, for pictures in documents, which do not know the reader's theme."""
    return LIGHT_DARK.sub(r"\1", stylesheet()).replace("color-scheme: light dark;", "color-scheme: light;")
