"""The parameters of an address: what is not valid is named, with what would be right."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from console.errors import BadRequest, NotThere

NUMBER_DIGITS = 15
QUOTED = 100
"""The characters of a value that is not valid that are shown."""


def is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= NUMBER_DIGITS


def version_number(text: str) -> int:
    """Return the number of a model's version. Raises NotThere."""
    if not is_number(text):
        raise NotThere(f"{text!r:.{QUOTED}} is not the number of a version")
    return int(text)


def choice(query: Mapping[str, str], name: str, choices: Collection[str], default: str = "") -> str:
    """Return the value of a parameter that has a few values; the default if it is empty. Raises BadRequest."""
    value = query.get(name) or default
    if value != default and value not in choices:
        raise invalid(name, name, value, f"one of {', '.join(choices)}")
    return value


def share(query: Mapping[str, str], name: str, label: str, default: float) -> float:
    """Return the value of a parameter from 0 to 1. `label` is its name on the page. Raises BadRequest."""
    text = query.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise invalid(name, label, text, "a number from 0 to 1, for example 0.9")
    return value


def invalid(name: str, label: str, value: str, right: str) -> BadRequest:
    """Return the error of a parameter. `right` says what would be valid."""
    shown = value if len(value) <= QUOTED else f"{value[:QUOTED]}…"
    return BadRequest(f"{label} is {shown!r}: it must be {right}", parameter=name)
