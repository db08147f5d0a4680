"""Sketches and distances: exact for few values, close for many, and zero for samples of one distribution."""

from __future__ import annotations

import random
from bisect import bisect_right

import pytest

from image_monitoring.tabular.distances import categorical_distance, numerical_distance
from image_monitoring.tabular.kll import KllSketch


def sketch(values: list[float], k: int = 2048) -> KllSketch:
    made = KllSketch(k)
    for value in values:
        made.add(value)
    return made


def test_a_sketch_of_few_values_holds_them_all() -> None:
    made = sketch([3.0, 1.0, 2.0])
    assert made.levels == [[3.0, 1.0, 2.0]]
    assert made.document() == {"parameters": {"c": 0.64, "k": 2048.0}, "data": [[3.0, 1.0, 2.0]]}


def test_a_sketch_of_many_values_is_small_and_keeps_ranks_and_weight() -> None:
    generator = random.Random(7)
    values = [generator.gauss(0, 1) for _ in range(50_000)]
    made = sketch(values, k=512)
    items = sorted(made.items())
    ordered = sorted(values)
    assert made.weight == len(values)
    assert len(items) < 2500
    rank, worst = 0, 0.0
    for value, weight in items:
        rank += weight
        worst = max(worst, abs(rank - bisect_right(ordered, value)) / len(values))
    assert worst < 0.02


def test_a_sketch_survives_its_document() -> None:
    made = sketch([float(number) for number in range(5000)])
    assert sorted(KllSketch.from_document(made.document()).items()) == sorted(made.items())


def test_the_distance_is_the_largest_difference_of_the_distribution_functions() -> None:
    first, second = [(float(number), 1) for number in range(4)], [(float(number), 1) for number in range(2, 6)]
    assert numerical_distance(first, second, "Simple") == 0.5
    assert numerical_distance(first, [(9.0, 3)], "Simple") == 1.0
    assert numerical_distance(first, first, "Simple") == 0.0


def test_the_robust_distance_subtracts_what_chance_explains() -> None:
    first, second = [(0.0, 100)], [(1.0, 100)]
    assert numerical_distance(first, second) == pytest.approx(1 - 1.8 * (200 / 10_000) ** 0.5)
    assert numerical_distance([(0.0, 2), (1.0, 2)], [(0.0, 1), (1.0, 3)]) == 0.0


def test_weights_count_as_values() -> None:
    assert numerical_distance([(1.0, 2), (2.0, 2)], [(1.0, 1), (1.0, 1), (2.0, 1), (2.0, 1)], "Simple") == 0.0


def test_categories_are_compared_by_their_shares() -> None:
    assert categorical_distance({"a": 5, "b": 5}, {"a": 9, "b": 1}, "Simple") == pytest.approx(0.4)
    assert categorical_distance({"a": 1}, {"b": 1}, "Simple") == 1.0
    assert categorical_distance({}, {"b": 1}) == 0.0
