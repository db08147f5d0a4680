"""The comparison operators of choice rules.

A value of another type than the operator's does not match; nothing is converted
(docs.aws.amazon.com/step-functions/latest/dg/state-choice.html).
"""

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})")
Compare = Callable[[Any, Any], bool]


def timestamp_of(value: Any) -> datetime | None:
    """Read a timestamp of RFC 3339 with an upper-case T, and Z or an offset."""
    if not isinstance(value, str) or not TIMESTAMP.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        return None


def number_of(value: Any) -> int | float | None:
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def text_of(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def boolean_of(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def comparing(typed: Callable[[Any], Any], compare: Compare) -> Compare:
    def compared(value: Any, expected: Any) -> bool:
        left, right = typed(value), typed(expected)
        return left is not None and right is not None and compare(left, right)

    return compared


def matches(value: Any, pattern: Any) -> bool:
    r"""`*` matches any characters; `\\*` is an asterisk and `\\\\` a backslash. Nothing else is special."""
    if not isinstance(value, str) or not isinstance(pattern, str):
        return False
    parts = re.findall(r"\\[*\\]|.", pattern, re.DOTALL)
    expression = "".join(".*" if part == "*" else re.escape(part[-1]) for part in parts)
    return re.fullmatch(expression, value, re.DOTALL) is not None


def testing(holds: Callable[[Any], bool]) -> Compare:
    return lambda value, expected: holds(value) is expected


COMPARISONS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}
TYPES = {"String": text_of, "Numeric": number_of, "Timestamp": timestamp_of}
OPERATORS: dict[str, Compare] = {
    **{
        f"{kind}{name}": comparing(typed, compare)
        for kind, typed in TYPES.items()
        for name, compare in COMPARISONS.items()
    },
    "BooleanEquals": comparing(boolean_of, operator.eq),
    "StringMatches": matches,
    "IsNull": testing(lambda value: value is None),
    "IsString": testing(lambda value: text_of(value) is not None),
    "IsNumeric": testing(lambda value: number_of(value) is not None),
    "IsBoolean": testing(lambda value: boolean_of(value) is not None),
    "IsTimestamp": testing(lambda value: timestamp_of(value) is not None),
}
