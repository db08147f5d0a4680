"""JSON values on their way into and out of the JSONata library, which has a value of its own for null."""

from typing import Any

from jsonata.utils import Utils

UNDEFINED = None
"""What an expression without a result gives."""


class UnsupportedResultError(ValueError):
    """The result is a function or a regular expression, which is no JSON."""


def with_nulls(value: Any) -> Any:
    """Return the value with the library's null for None, which means undefined to it. Unchanged parts are shared."""
    if value is None:
        return Utils.NULL_VALUE
    if isinstance(value, dict):
        converted = {name: with_nulls(element) for name, element in value.items()}
        return converted if any(converted[name] is not value[name] for name in value) else value
    if isinstance(value, list):
        elements = [with_nulls(element) for element in value]
        return elements if any(new is not old for new, old in zip(elements, value, strict=True)) else value
    return value


def plain(value: Any) -> Any:
    """Return the result as JSON. Numbers without a fraction are integers, as in JavaScript."""
    if value is Utils.NULL_VALUE or value is None:
        return None
    if isinstance(value, dict):
        return {name: plain(element) for name, element in value.items()}
    if isinstance(value, list):
        # by index: the library's ranges are lists whose iterator ends early
        return [plain(value[index]) for index in range(len(value))]
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, str | bool | int):
        return value
    raise UnsupportedResultError(type(value).__name__)
