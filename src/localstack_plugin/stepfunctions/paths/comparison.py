"""The operators of filters. Values of different types are not equal, and none is less than another."""

from collections.abc import Callable
from operator import ge, gt, le, lt
from re import Pattern
from typing import Any, Final

NOTHING: Final = object()
"""What a path gives that selects nothing."""


def number_of(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if type(left) is not type(right) and number_of(left) is not None and number_of(right) is not None:
        return number_of(left) == number_of(right)  # as Jayway: '5' is equal to 5
    return bool(left == right)


def ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(left: Any, right: Any) -> bool:
        if isinstance(left, str) and isinstance(right, str):
            return compare(left, right)
        if isinstance(left, str) or isinstance(right, str):
            return False
        numbers = number_of(left), number_of(right)
        return None not in numbers and compare(*numbers)

    return compared


def matches(left: Any, right: Any) -> bool:
    text, pattern = (right, left) if isinstance(left, Pattern) else (left, right)
    return isinstance(text, str) and isinstance(pattern, Pattern) and pattern.fullmatch(text) is not None


def contained(left: Any, right: Any) -> bool:
    return isinstance(right, list) and any(equal(left, element) for element in right)


def contains(left: Any, right: Any) -> bool:
    if isinstance(left, str):
        return isinstance(right, str) and right in left
    return contained(right, left)


def of_size(left: Any, right: Any) -> bool:
    return isinstance(left, str | list) and len(left) == right


def common(left: Any, right: Any) -> int:
    """Return how many elements of `left` are in `right`."""
    return sum(contained(element, right) for element in left)


OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": equal,
    "===": lambda left, right: type(left) is type(right) and equal(left, right),
    "!=": lambda left, right: not equal(left, right),
    "!==": lambda left, right: type(left) is not type(right) or not equal(left, right),
    "<": ordered(lt),
    "<=": ordered(le),
    ">": ordered(gt),
    ">=": ordered(ge),
    "=~": matches,
    "in": contained,
    "nin": lambda left, right: not contained(left, right),
    "contains": contains,
    "size": of_size,
    "empty": lambda left, right: isinstance(left, str | list) and (len(left) == 0) is right,
    "subsetof": lambda left, right: isinstance(left, list) and common(left, right) == len(left),
    "anyof": lambda left, right: isinstance(left, list) and common(left, right) > 0,
    "noneof": lambda left, right: isinstance(left, list) and common(left, right) == 0,
}
