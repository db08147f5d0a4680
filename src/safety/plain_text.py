"""Make text from untrusted programs safe for a terminal, a log and a message."""

from __future__ import annotations

import re

SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


def plain(text: str) -> str:
    """Return the text without control sequences of terminals; other control characters are replaced.

    Tabs and newlines are kept. Half a surrogate pair, which cannot be encoded, becomes a question mark.
    """
    if text.isascii() and text.isprintable():
        return text
    whole = text.encode(errors="replace").decode()
    return CONTROL.sub(UNKNOWN, SEQUENCE.sub("", whole))


def shortened(text: str, limit_bytes: int, mark: str) -> str:
    """Return the text if it has at most `limit_bytes` as UTF-8, else its beginning and the mark, within the limit."""
    if len(text) * 4 <= limit_bytes or len(encoded := text.encode(errors="replace")) <= limit_bytes:
        return text
    room = limit_bytes - len(mark.encode())
    return encoded[: max(0, room)].decode(errors="ignore") + mark


def is_utf8(text: str) -> bool:
    """Whether a text can be encoded: half a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
