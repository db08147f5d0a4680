"""The types of values, as Model Monitor infers them: Integral, Fractional and String.

Unknown is for missing values and for floats that are not finite.
"""

from __future__ import annotations

import math
import re
from typing import Any

INTEGRAL, FRACTIONAL, STRING, UNKNOWN = "Integral", "Fractional", "String", "Unknown"
NUMERIC = (INTEGRAL, FRACTIONAL)
INTEGER_TEXT = re.compile(r"[+-]?[0-9]+")
# Scientific notation is text to AWS's container: the developer guide has a preprocessing script that rewrites it.
FRACTION_TEXT = re.compile(r"[+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+)")


def type_of(value: Any) -> str:
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return STRING
    if isinstance(value, int):
        return INTEGRAL
    if isinstance(value, float):
        return FRACTIONAL if math.isfinite(value) else UNKNOWN
    text = str(value).strip()
    if INTEGER_TEXT.fullmatch(text):
        return INTEGRAL
    return FRACTIONAL if FRACTION_TEXT.fullmatch(text) else STRING


def number_of(value: Any, kind: str) -> float | None:
    """Return the value as a number; None if its type is not numeric, or if the number is not finite."""
    if kind not in NUMERIC:
        return None
    try:
        number = float(value)
    except OverflowError:  # only an int that is too large; such a text becomes inf
        return None
    return number if math.isfinite(number) else None
