"""The model's patterns, which are Java's and match whole values, translated to Python's dialect."""

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import groupby

# Java's `.` stops at more line ends than Python's.
ANY_BUT_LINE_END = r"[^\n\r\x85\u2028\u2029]"
POSIX = {
    "ASCII": r"\x00-\x7f",
    "Alnum": "a-zA-Z0-9",
    "Alpha": "a-zA-Z",
    "Digit": "0-9",
    "Graph": r"!-~",
    "Print": r" -~",
    "Lower": "a-z",
    "Upper": "A-Z",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\s",
}
# Planes 4 to 13 are unassigned and 15 and 16 private: no letter, mark, number, symbol or space is there.
ASSIGNED = (*range(0x33480), *range(0xE0000, 0xE0200))
TOKEN = re.compile(
    r"\\[pP]\{(?P<category>\w+)\}"
    r"|\\u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})"
    r"|(?P<end>\\z)"
    r"|\\."
    r"|(?P<open>\[\^?\]?)"
    r"|(?P<close>\])"
    r"|(?P<dollar>\$\{\d+(?:,\d*)?\})"
    r"|(?P<dot>\.)",
    re.DOTALL,
)


def matches(pattern: str, value: str) -> bool:
    return _matcher(pattern)(value) is not None


@cache
def _matcher(pattern: str) -> Callable[[str], re.Match[str] | None]:
    return re.compile(in_python(pattern), re.ASCII).fullmatch


def in_python(pattern: str) -> str:
    """Translate a pattern: Unicode categories, \\z, surrogate pairs, a quantified `$`, and Java's dot."""
    return _Translation().of(pattern)


class _Translation:
    """Translates a pattern in one pass, keeping track of whether it is inside a character class."""

    def __init__(self) -> None:
        self._in_class = False

    def of(self, pattern: str) -> str:
        return TOKEN.sub(self._token, pattern)

    def _token(self, token: re.Match[str]) -> str:
        text = token[0]
        match token.lastgroup:
            case "category":
                return self._category(token["category"], negated=text[1] == "P")
            case "low":
                return _code_point(token["high"], token["low"])
            case "end":
                return r"\Z"
            case "open":
                return self._open(text)
            case "close":
                self._in_class = False
            case "dollar":
                return text if self._in_class else "$"
            case "dot":
                return text if self._in_class else ANY_BUT_LINE_END
        return text

    def _open(self, text: str) -> str:
        if self._in_class:
            return "\\" + text
        self._in_class = True
        return text

    def _category(self, name: str, *, negated: bool) -> str:
        inside = POSIX.get(name) or _category_ranges(name)
        if negated and self._in_class:
            raise ValueError(f"\\P{{{name}}} inside a character class is in none of SageMaker's patterns")
        return inside if self._in_class else f"[{'^' * negated}{inside}]"


def _code_point(high: str, low: str) -> str:
    return f"\\U{0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00):08x}"


def _category_ranges(category: str) -> str:
    """Return the inside of a character class with all characters of a general category, such as `L` or `Nd`."""
    return "".join(ranges for name, ranges in _ranges().items() if name.startswith(category))


@cache
def _ranges() -> dict[str, str]:
    """Return the ranges of every category, computed together, because the pass over all characters is slow."""
    ranges: dict[str, list[str]] = {}
    for category, group in groupby(map(chr, ASSIGNED), unicodedata.category):
        run = list(group)
        ranges.setdefault(category, []).append(f"\\U{ord(run[0]):08x}-\\U{ord(run[-1]):08x}")
    return {category: "".join(parts) for category, parts in ranges.items()}
