"""How the terminal and the report say when a drift was found."""

from datetime import UTC, datetime


def first_found(since: str) -> str:
    """Return the words for a state's `since`: the start of the window in which a run found the drift first.

    The drift may have begun at any time in that window. The analyzer's messages and the console have the same words.
    """
    return f"first found in the window from {minute(since)}"


def minute(time: str) -> str:
    """Return a time in ISO 8601 as people read it, such as `2026-11-27 20:09 UTC`."""
    return f"{datetime.fromisoformat(time).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
