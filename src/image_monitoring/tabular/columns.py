"""The profile of a dataset: what was seen in each column, in memory that does not depend on the number of rows."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from image_monitoring.tabular.flattening import Row
from image_monitoring.tabular.inferred_types import FRACTIONAL, INTEGRAL, STRING, UNKNOWN, number_of, type_of
from image_monitoring.tabular.kll import KllSketch

CATEGORIES_MAX = 120  # Deequ: ColumnProfiler, lowCardinalityHistogramThreshold
COLUMNS_MAX = 10_000  # who can invoke the endpoint chooses the names in its JSON
DISTINCT_EXACT = 2048  # beyond, the number of distinct values is estimated


@dataclass
class DistinctCounter:
    """The number of distinct values: exact while they are few, then from the smallest hashes (Bar-Yossef, 2002)."""

    _heap: list[int] = field(default_factory=list)
    _kept: set[int] = field(default_factory=set)

    def add(self, text: str) -> None:
        digest = int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest(), "big")
        if digest in self._kept:
            return
        if len(self._kept) < DISTINCT_EXACT:
            self._kept.add(digest)
            heapq.heappush(self._heap, -digest)
        elif digest < -self._heap[0]:
            self._kept.add(digest)
            self._kept.discard(-heapq.heappushpop(self._heap, -digest))

    @property
    def count(self) -> int:
        if len(self._kept) < DISTINCT_EXACT:
            return len(self._kept)
        return round((DISTINCT_EXACT - 1) * (1 << 64) / -self._heap[0])


@dataclass
class Column:
    """One column. `squares` is the sum of squared deviations from the mean (Welford)."""

    types: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    mean: float = 0.0
    squares: float = 0.0
    total: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    sketch: KllSketch = field(default_factory=KllSketch)
    categories: Counter[str] = field(default_factory=Counter)
    has_few_categories: bool = True
    distinct: DistinctCounter = field(default_factory=DistinctCounter)

    def add(self, value: Any) -> None:
        kind = type_of(value)
        self.types[kind] += 1
        if kind == UNKNOWN:
            return
        self._count_category(str(value))
        number = number_of(value, kind)
        if number is not None:
            self._add_number(number)

    @property
    def present(self) -> int:
        return sum(self.types.values()) - self.types[UNKNOWN]

    @property
    def inferred_type(self) -> str:
        """Return String for a column with any text in it, as Deequ does."""
        for kind in (STRING, FRACTIONAL, INTEGRAL):
            if self.types[kind]:
                return kind
        return UNKNOWN

    @property
    def deviation(self) -> float:
        return math.sqrt(self.squares / self.numbers) if self.numbers else 0.0

    def _count_category(self, text: str) -> None:
        self.distinct.add(text)
        if self.has_few_categories:
            self.categories[text] += 1
            if len(self.categories) > CATEGORIES_MAX:
                self.has_few_categories = False
                self.categories.clear()

    def _add_number(self, number: float) -> None:
        self.numbers += 1
        difference = number - self.mean
        self.mean += difference / self.numbers
        self.squares += difference * (number - self.mean)
        self.total += number
        self.low, self.high = min(self.low, number), max(self.high, number)
        self.sketch.add(number)


@dataclass
class Profile:
    """The columns in the order in which they were first seen. A row that lacks one counts as missing there.

    `expected` are the baseline's columns. Rows with other columns beyond the maximum are only counted, in `left_out`.
    """

    rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)
    expected: Collection[str] = ()
    left_out: int = 0

    @classmethod
    def of(cls, rows: Iterable[Row], expected: Iterable[str] = ()) -> Profile:
        profile = cls(expected=frozenset(expected))
        for row in rows:
            profile.add(row)
        return profile

    def add(self, row: Row) -> None:
        new = row.keys() - self.columns.keys()
        if new and len(self.columns) + len(new) > COLUMNS_MAX and new.difference(self.expected):
            self.left_out += 1
            return
        self.rows += 1
        for name, value in row.items():
            column = self.columns.get(name)
            if column is None:
                column = self.columns[name] = Column()
            column.add(value)

    def missing(self, name: str) -> int:
        return self.rows - self.columns[name].present

    def completeness(self, name: str) -> float:
        return self.columns[name].present / self.rows if self.rows else 0.0
