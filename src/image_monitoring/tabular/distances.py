"""Distances of two distributions, as Deequ computes them for Model Monitor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

SIMPLE, ROBUST = "Simple", "Robust"
SMALL_SAMPLE_FACTOR = 1.8  # Deequ: Distance.selectMetrics


def numerical_distance(
    first: Iterable[tuple[float, int]], second: Iterable[tuple[float, int]], method: str = ROBUST
) -> float:
    """Return the largest difference of two cumulative distributions, given as values with weights.

    `Robust` subtracts the distance that two samples of these sizes have by chance (two-sample Kolmogorov-Smirnov).
    """
    one, other = sorted(first), sorted(second)
    total_one, total_other = sum(weight for _, weight in one), sum(weight for _, weight in other)
    if not total_one or not total_other:
        return 0.0
    largest = rank_one = rank_other = index_one = index_other = 0.0
    index_one, index_other = 0, 0
    for value in sorted({value for value, _ in (*one, *other)}):
        while index_one < len(one) and one[index_one][0] <= value:
            rank_one += one[index_one][1]
            index_one += 1
        while index_other < len(other) and other[index_other][0] <= value:
            rank_other += other[index_other][1]
            index_other += 1
        largest = max(largest, abs(rank_one / total_one - rank_other / total_other))
    return corrected(largest, total_one, total_other, method)


def categorical_distance(first: Mapping[str, int], second: Mapping[str, int], method: str = ROBUST) -> float:
    """Return the largest difference of the categories' shares, corrected as `numerical_distance` is."""
    total_one, total_other = sum(first.values()), sum(second.values())
    if not total_one or not total_other:
        return 0.0
    names = first.keys() | second.keys()
    largest = max(abs(first.get(name, 0) / total_one - second.get(name, 0) / total_other) for name in names)
    return corrected(largest, total_one, total_other, method)


def corrected(distance: float, first: int, second: int, method: str) -> float:
    if method == SIMPLE:
        return distance
    return max(0.0, distance - SMALL_SAMPLE_FACTOR * math.sqrt((first + second) / (first * second)))
