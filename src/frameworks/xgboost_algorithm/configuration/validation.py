"""Kinds of hyperparameters: how each is parsed and what it may be, with the words of AWS's algorithm toolkit.

Source: sagemaker_algorithm_toolkit/hyperparameter_validation.py
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from frameworks.xgboost_algorithm.errors import UserError

Check = Callable[[Any, Mapping[str, Any]], None]


class Range(Protocol):
    """The values that a hyperparameter may have. Its text is part of the error."""

    def __contains__(self, value: Any, /) -> bool: ...


@dataclass(frozen=True)
class Interval:
    """Numbers between two bounds. An open bound is not part of it."""

    low: float | None = None
    high: float | None = None
    low_is_open: bool = False
    high_is_open: bool = False

    def __contains__(self, value: Any) -> bool:
        too_low = self.low is not None and (value <= self.low if self.low_is_open else value < self.low)
        too_high = self.high is not None and (value >= self.high if self.high_is_open else value > self.high)
        return not too_low and not too_high

    def __str__(self) -> str:
        low = "(-inf" if self.low is None else f"{'(' if self.low_is_open else '['}{self.low}"
        high = "+inf)" if self.high is None else f"{self.high}{')' if self.high_is_open else ']'}"
        return f"{low}, {high}"


@dataclass(frozen=True)
class Hyperparameter:
    """One hyperparameter. `check` sees the value and those parsed before it: the hyperparameters it depends on."""

    name: str
    range: Range
    required: bool = False
    check: Check | None = None

    def parse(self, text: Any) -> Any:
        """Return the value. ValueError if the text has none."""
        return text

    def require_in_range(self, value: Any) -> None:
        if value not in self.range:
            raise UserError(f"Hyperparameter {self.name}: {value} is not in {self.range}")


@dataclass(frozen=True)
class Categorical(Hyperparameter):
    """One of several texts."""


@dataclass(frozen=True)
class Integer(Hyperparameter):
    def parse(self, text: Any) -> int:
        return int(text)


@dataclass(frozen=True)
class Continuous(Hyperparameter):
    def parse(self, text: Any) -> float:
        return float(text)


@dataclass(frozen=True)
class CommaSeparated(Hyperparameter):
    def parse(self, text: Any) -> list[str]:
        return str(text).split(",")

    def require_in_range(self, value: Any) -> None:
        _require_each(self, value, value)


@dataclass(frozen=True)
class Tuple(Hyperparameter):
    """A tuple such as `(1,-1)`. It is read as a literal; AWS's toolkit evaluates it."""

    def parse(self, text: Any) -> tuple[Any, ...]:
        return tuple(_literal(text))

    def require_in_range(self, value: Any) -> None:
        _require_each(self, value, value)


@dataclass(frozen=True)
class NestedList(Hyperparameter):
    """A list of lists such as `[[0,1],[2]]`."""

    def parse(self, text: Any) -> list[Any]:
        return list(_literal(text))

    def require_in_range(self, value: Any) -> None:
        _require_each(self, value, [one for inner in value for one in inner])


def _literal(text: Any) -> Any:
    if not isinstance(text, str):
        return text
    try:
        return ast.literal_eval(text)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _require_each(hyperparameter: Hyperparameter, value: Any, members: Collection[Any]) -> None:
    if any(member not in hyperparameter.range for member in members):
        raise UserError(f"Hyperparameter {hyperparameter.name}: value {value} not in range {hyperparameter.range}")


def validated(
    given: Mapping[str, Any], known: Mapping[str, Hyperparameter], aliases: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of a request's hyperparameters, by their own names. Raises UserError.

    The order is AWS's: missing, unknown, unreadable, out of range, and then what depends on others.
    """
    texts = {aliases.get(name, name): text for name, text in given.items()}
    for name, hyperparameter in known.items():
        if hyperparameter.required and name not in texts:
            raise UserError(f"Missing required hyperparameter: {name}")
    values = {name: _parsed(name, text, known) for name, text in texts.items()}
    for name, value in values.items():
        known[name].require_in_range(value)
    for name, value in values.items():
        if check := known[name].check:
            check(value, values)
    return values


def _parsed(name: str, text: Any, known: Mapping[str, Hyperparameter]) -> Any:
    if name not in known:
        raise UserError(f"Extraneous hyperparameter found: {name}")
    try:
        return known[name].parse(text)
    except (ValueError, TypeError) as error:
        raise UserError(f"Hyperparameter {name}: could not parse value (caused by {type(error).__name__})") from error
