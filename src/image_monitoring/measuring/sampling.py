"""Running statistics and a uniform sample of rows that arrive one batch after the other, in constant memory."""

from __future__ import annotations

import hashlib
import heapq
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def seven_digits(values: Floats) -> Floats:
    """Round to the digits that a baseline's documents have.

    Otherwise a statistic that has one value in all images, such as the color of a gray camera, would be a little larger
    or smaller in each window than in the baseline.
    """
    return np.array([float(f"{value:.7g}") for value in values.ravel()]).reshape(values.shape)


@dataclass
class Moments:
    """Count, sum, spread and extremes of each column. NaN counts as missing."""

    columns: int
    present: Floats = field(init=False)
    missing: Floats = field(init=False)
    mean: Floats = field(init=False)
    squares: Floats = field(init=False)
    low: Floats = field(init=False)
    high: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.present, self.missing, self.mean, self.squares = np.zeros((4, self.columns))
        self.low, self.high = np.full(self.columns, np.inf), np.full(self.columns, -np.inf)

    def add(self, rows: Floats) -> None:
        """Add rows by the formula of Chan et al. for merging two parts, which loses no digits."""
        is_present = ~np.isnan(rows)
        count = is_present.sum(0)
        filled = np.where(is_present, rows, 0.0)
        mean = filled.sum(0) / np.maximum(count, 1)
        squares = (np.where(is_present, rows - mean, 0.0) ** 2).sum(0)
        total = self.present + count
        difference = mean - self.mean
        self.squares += squares + difference**2 * self.present * count / np.maximum(total, 1)
        self.mean += difference * count / np.maximum(total, 1)
        self.present = total
        self.missing += len(rows) - count
        self.low = np.minimum(self.low, np.where(is_present, rows, np.inf).min(0, initial=np.inf))
        self.high = np.maximum(self.high, np.where(is_present, rows, -np.inf).max(0, initial=-np.inf))

    @property
    def deviation(self) -> Floats:
        result: Floats = np.sqrt(self.squares / np.maximum(self.present, 1))
        return result


class DistinctSample:
    """A uniform sample of the different items of a stream: those with the smallest hashes.

    An item that comes again has the same hash, so it counts once, however often it comes. The tests take the rows of a
    sample for independent, which copies are not: 40 images that are sent six times would show every chance difference
    between them and a baseline as one between 240 images and the baseline.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._places: dict[int, int] = {}
        self._largest: list[int] = []  # the negative hashes, as a heap

    def place(self, item: bytes) -> int | None:
        """Return where to keep the next item, or None to drop it."""
        hashed = int.from_bytes(hashlib.blake2b(item, digest_size=8).digest(), "big")
        if hashed in self._places:
            return None
        if len(self._places) < self.capacity:
            place = len(self._places)
            heapq.heappush(self._largest, -hashed)
        elif hashed > -self._largest[0]:
            return None
        else:
            place = self._places.pop(-heapq.heapreplace(self._largest, -hashed))
        self._places[hashed] = place
        return place

    def __len__(self) -> int:
        return len(self._places)
