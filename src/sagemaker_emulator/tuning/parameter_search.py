"""Hyperparameter ranges and the points that the Random and Grid strategies take from them."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sagemaker_emulator.repeated import repeated

Point: TypeAlias = dict[str, str]


class RangeError(Exception):
    """A range without values to draw, or ranges that contradict each other."""


class Range(Protocol):
    """The values of one hyperparameter. They are drawn as the strings that a training job receives."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> float:
        """The number of values; infinite for a continuous range."""

    def draw(self, source: random.Random) -> str: ...


@dataclass(frozen=True)
class Categorical:
    name: str
    values: tuple[str, ...]

    @property
    def size(self) -> float:
        return len(self.values)

    def draw(self, source: random.Random) -> str:
        return source.choice(self.values)


@dataclass(frozen=True)
class Integer:
    name: str
    low: int
    high: int
    scaling: str

    @property
    def size(self) -> float:
        return self.high - self.low + 1

    def draw(self, source: random.Random) -> str:
        """Draw an integer. On the scale all of them have their full width, the first and the last one too."""
        drawn = SCALES[self.scaling](source.random(), self.low - 0.5, self.high + 0.5)
        return str(min(max(round(drawn), self.low), self.high))


@dataclass(frozen=True)
class Continuous:
    name: str
    low: float
    high: float
    scaling: str

    @property
    def size(self) -> float:
        return math.inf

    def draw(self, source: random.Random) -> str:
        drawn = SCALES[self.scaling](source.random(), self.low, self.high)
        return repr(min(max(drawn, self.low), self.high))


def _linear(unit: float, low: float, high: float) -> float:
    return low + unit * (high - low)


def _logarithmic(unit: float, low: float, high: float) -> float:
    return math.exp(_linear(unit, math.log(low), math.log(high)))


def _reverse_logarithmic(unit: float, low: float, high: float) -> float:
    return 1 - _logarithmic(unit, 1 - low, 1 - high)


SCALES: Mapping[str, Callable[[float, float, float], float]] = {
    "Auto": _linear,
    "Linear": _linear,
    "Logarithmic": _logarithmic,
    "ReverseLogarithmic": _reverse_logarithmic,
}


def ranges_of(wire: dict[str, Any]) -> list[Range]:
    """Parse ParameterRanges. RangeError names the range that is wrong."""
    ranges: list[Range] = [_integer(entry) for entry in wire.get("IntegerParameterRanges", ())]
    ranges += [_continuous(entry) for entry in wire.get("ContinuousParameterRanges", ())]
    ranges += [_categorical(entry) for entry in wire.get("CategoricalParameterRanges", ())]
    names = [entry.name for entry in ranges]
    if repeated(names):
        raise RangeError(f"Hyperparameter ranges must have names of their own, found: {names}")
    return ranges


def combinations(ranges: Sequence[Range]) -> float:
    return math.prod(entry.size for entry in ranges)


def random_points(ranges: Sequence[Range], seed: int | str) -> Iterator[Point]:
    """Yield points drawn independently, none of them twice. The same seed gives the same points."""
    source, seen, total = random.Random(seed), set[tuple[str, ...]](), combinations(ranges)  # noqa: S311 - no secret
    while len(seen) < total:
        values = tuple(entry.draw(source) for entry in ranges)
        if values not in seen:
            seen.add(values)
            yield {entry.name: value for entry, value in zip(ranges, values, strict=True)}


def grid_points(ranges: Sequence[Range]) -> Iterator[Point]:
    """Yield every combination once. Only categorical ranges have a grid, as on AWS."""
    grid = [entry for entry in ranges if isinstance(entry, Categorical)]
    for values in itertools.product(*(entry.values for entry in grid)):
        yield {entry.name: value for entry, value in zip(grid, values, strict=True)}


def _integer(wire: dict[str, Any]) -> Integer:
    low, high = _bounds(wire, int)
    scaling = wire.get("ScalingType", "Auto")
    if scaling == "ReverseLogarithmic":
        raise RangeError(f"ReverseLogarithmic is for continuous ranges only, not for the integer {wire['Name']!r}")
    _refuse_scale(wire, low, high)
    return Integer(wire["Name"], low, high, scaling)


def _continuous(wire: dict[str, Any]) -> Continuous:
    low, high = _bounds(wire, float)
    _refuse_scale(wire, low, high)
    return Continuous(wire["Name"], low, high, wire.get("ScalingType", "Auto"))


def _categorical(wire: dict[str, Any]) -> Categorical:
    values = tuple(wire["Values"])
    if repeated(values):
        raise RangeError(f"The values of the categorical range {wire['Name']!r} must differ, found: {list(values)}")
    return Categorical(wire["Name"], values)


def _bounds(wire: dict[str, Any], number: Callable[[str], Any]) -> tuple[Any, Any]:
    try:
        low, high = number(wire["MinValue"]), number(wire["MaxValue"])
    except ValueError as error:
        raise RangeError(f"The range of {wire['Name']!r} has a bound that is not a number: {error}") from error
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise RangeError(
            f"The range of {wire['Name']!r} must have a MinValue, [{wire['MinValue']}], less than its MaxValue, "
            f"[{wire['MaxValue']}]"
        )
    return low, high


def _refuse_scale(wire: dict[str, Any], low: float, high: float) -> None:
    scaling = wire.get("ScalingType", "Auto")
    if scaling == "Logarithmic" and low <= 0:
        raise RangeError(f"Logarithmic scaling of {wire['Name']!r} needs a MinValue greater than 0, not {low}")
    if scaling == "ReverseLogarithmic" and not 0 <= low < high < 1:
        raise RangeError(f"ReverseLogarithmic scaling of {wire['Name']!r} needs a range within 0 <= x < 1")
