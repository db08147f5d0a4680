"""The functions that can end a path, as in `$.items.length()`."""

from collections.abc import Callable
from statistics import fmean, pstdev
from typing import Any


def length(value: Any) -> int | None:
    return len(value) if isinstance(value, str | list | dict) else None


def keys(value: Any) -> list[str] | None:
    return list(value) if isinstance(value, dict) else None


def of_numbers(function: Callable[[list[Any]], float]) -> Callable[[Any], float | None]:
    def applied(value: Any) -> float | None:
        numbers = [element for element in value if isinstance(element, int | float)] if isinstance(value, list) else []
        return function(numbers) if numbers else None

    return applied


FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "length": length,
    "size": length,
    "keys": keys,
    "min": of_numbers(min),
    "max": of_numbers(max),
    "sum": of_numbers(sum),
    "avg": of_numbers(fmean),
    "stddev": of_numbers(pstdev),
    "first": lambda value: value[0] if isinstance(value, list) and value else None,
    "last": lambda value: value[-1] if isinstance(value, list) and value else None,
}
