"""A KLL sketch: quantiles of a stream in little memory (Karnin, Lang and Liberty, 2016), with Deequ's parameters.

Level h holds items that stand for 2**h values each. A level that is full is sorted, and every other of its items moves
up. Until the first level is full, the sketch holds all values, and ranks are exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

K = 2048
SHRINKING = 0.64  # of the capacities, from the top level downwards
CAPACITY_LEAST = 2


class KllSketch:
    def __init__(self, k: int = K, shrinking: float = SHRINKING) -> None:
        self.k, self.shrinking = k, shrinking
        self.levels: list[list[float]] = [[]]
        self._offset = 0

    @classmethod
    def from_document(cls, sketch: Mapping[str, Any]) -> KllSketch:
        """Read `distribution.kll.sketch`. Raises ValueError, LookupError or TypeError for anything else."""
        parameters = sketch["parameters"]
        made = cls(int(parameters["k"]), float(parameters["c"]))
        made.levels = [[float(value) for value in level if value is not None] for level in sketch["data"]] or [[]]
        return made

    def document(self) -> dict[str, Any]:
        return {"parameters": {"c": self.shrinking, "k": float(self.k)}, "data": self.levels}

    def add(self, value: float) -> None:
        self.levels[0].append(value)
        if len(self.levels[0]) > self._capacity(0):
            self._compact()

    def items(self) -> Iterator[tuple[float, int]]:
        """Yield the values with their weights, in no order."""
        for level, values in enumerate(self.levels):
            for value in values:
                yield value, 1 << level

    @property
    def weight(self) -> int:
        return sum(len(values) << level for level, values in enumerate(self.levels))

    def _capacity(self, level: int) -> int:
        depth = len(self.levels) - level - 1
        return max(CAPACITY_LEAST, math.ceil(self.k * self.shrinking**depth))

    def _compact(self) -> None:
        """Compact full levels from the lowest up. The offset alternates, so that errors cancel out."""
        level = 0
        while level < len(self.levels) and len(self.levels[level]) > self._capacity(level):
            if level + 1 == len(self.levels):
                self.levels.append([])
            values = sorted(self.levels[level])
            kept = [values.pop()] if len(values) % 2 else []
            self.levels[level + 1].extend(values[self._offset :: 2])
            self.levels[level] = kept
            self._offset = 1 - self._offset
            level += 1
