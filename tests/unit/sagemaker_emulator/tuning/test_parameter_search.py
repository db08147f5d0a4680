"""The search over hyperparameter ranges: the values that are drawn, and the ranges that are refused."""

from __future__ import annotations

import math
import random
from itertools import islice
from typing import Any

import pytest

from sagemaker_emulator.tuning.parameter_search import (
    Categorical,
    Continuous,
    Integer,
    Range,
    RangeError,
    combinations,
    grid_points,
    random_points,
    ranges_of,
)

COLORS = Categorical("color", ("red", "green", "blue"))


@pytest.mark.parametrize("scaling", ["Auto", "Linear", "Logarithmic"])
def test_integers_are_drawn_from_the_first_to_the_last(scaling: str) -> None:
    source, entry = random.Random(1), Integer("n", 1, 4, scaling)
    assert {entry.draw(source) for _ in range(200)} == {"1", "2", "3", "4"}


def test_integers_are_drawn_with_equal_chances_on_a_linear_scale() -> None:
    source, entry = random.Random(1), Integer("n", 1, 4, "Linear")
    drawn = [entry.draw(source) for _ in range(4000)]
    assert all(math.isclose(drawn.count(str(value)), 1000, rel_tol=0.15) for value in range(1, 5))


@pytest.mark.parametrize(("scaling", "middle"), [("Linear", 0.5), ("Logarithmic", 0.01), ("ReverseLogarithmic", 0.99)])
def test_half_of_the_values_are_below_the_middle_of_the_scale(scaling: str, middle: float) -> None:
    low, high = (1e-4, 1 - 1e-4)
    source, entry = random.Random(1), Continuous("x", low, high, scaling)
    drawn = [float(entry.draw(source)) for _ in range(2000)]
    assert all(low <= value <= high for value in drawn)
    assert math.isclose(sum(value < middle for value in drawn) / 2000, 0.5, abs_tol=0.05)


def test_no_point_is_drawn_twice() -> None:
    """As many points as there are combinations, so that a duplicate would take the place of another one."""
    ranges: list[Range] = [COLORS, Integer("n", 1, 3, "Linear")]
    points = [tuple(point.items()) for point in random_points(ranges, seed=5)]
    assert len(points) == 9
    assert len(set(points)) == 9


def test_the_same_seed_draws_the_same_points_and_another_seed_others() -> None:
    ranges = [Continuous("x", 0.0, 1.0, "Auto")]
    first, again, other = (list(islice(random_points(ranges, seed), 3)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_a_continuous_range_has_infinitely_many_points() -> None:
    points = random_points([Continuous("x", 0.0, 1.0, "Auto")], 1)
    assert len({point["x"] for point in islice(points, 50)}) == 50


def test_a_grid_has_every_combination_once() -> None:
    points = list(grid_points([COLORS, Categorical("size", ("s", "m"))]))
    assert len(points) == len({tuple(point.items()) for point in points}) == 6
    assert points[0] == {"color": "red", "size": "s"}


def test_combinations_multiply_and_continuous_ranges_make_them_infinite() -> None:
    assert combinations([COLORS, Integer("n", 1, 4, "Auto")]) == 12
    assert math.isinf(combinations([COLORS, Continuous("x", 0.0, 1.0, "Auto")]))


def test_ranges_are_parsed_with_linear_scaling_by_default() -> None:
    wire = {
        "IntegerParameterRanges": [{"Name": "n", "MinValue": "1", "MaxValue": "3"}],
        "ContinuousParameterRanges": [
            {"Name": "x", "MinValue": "0.5", "MaxValue": "1.5", "ScalingType": "Logarithmic"}
        ],
        "CategoricalParameterRanges": [{"Name": "color", "Values": ["red", "green", "blue"]}],
    }
    assert ranges_of(wire) == [Integer("n", 1, 3, "Auto"), Continuous("x", 0.5, 1.5, "Logarithmic"), COLORS]


def bounds(low: str, high: str, **more: str) -> list[dict[str, str]]:
    return [{"Name": "x", "MinValue": low, "MaxValue": high, **more}]


@pytest.mark.parametrize(
    ("wire", "text"),
    [
        ({"IntegerParameterRanges": bounds("x", "2")}, "'x' has a bound that is not a number"),
        ({"IntegerParameterRanges": bounds("2", "2")}, r"MinValue, \[2\], less than its MaxValue, \[2\]"),
        ({"ContinuousParameterRanges": bounds("0", "inf")}, "less than its MaxValue"),
        ({"IntegerParameterRanges": bounds("1", "2", ScalingType="ReverseLogarithmic")}, "for continuous ranges only"),
        ({"IntegerParameterRanges": bounds("0", "2", ScalingType="Logarithmic")}, "MinValue greater than 0, not 0"),
        ({"ContinuousParameterRanges": bounds("0", "1", ScalingType="ReverseLogarithmic")}, "within 0 <= x < 1"),
        ({"ContinuousParameterRanges": bounds("-1", ".5", ScalingType="ReverseLogarithmic")}, "within 0 <= x < 1"),
        ({"CategoricalParameterRanges": [{"Name": "c", "Values": ["a", "a"]}]}, "categorical range 'c' must differ"),
        (
            {
                "IntegerParameterRanges": bounds("1", "2"),
                "CategoricalParameterRanges": [{"Name": "x", "Values": ["a"]}],
            },
            "names of their own",
        ),
    ],
)
def test_an_invalid_range_is_refused(wire: dict[str, Any], text: str) -> None:
    with pytest.raises(RangeError, match=text):
        ranges_of(wire)
