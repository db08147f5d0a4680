"""Shares of a stream of requests: a canary's, a shadow's, and those of variants by their weights."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


class Sample:
    """A share of a stream of requests, at random but evenly spread: of n requests never more than n times the share.

    The k-th chosen request, counted from 1, is a random one among those from k / share up to (k + 1) / share. Drawing
    each request on its own would let a canary of 10 % answer a fifth of a short stretch. Without a lock: two threads at
    once may at worst choose one request too many.
    """

    def __init__(self, share: float) -> None:
        self._every = 1 / share if share > 0 else math.inf
        self._seen = self._chosen = 0
        self._next = self._draw()

    def takes(self) -> bool:
        """Return whether the next request belongs to the sample."""
        self._seen += 1
        if self._seen < self._next:
            return False
        self._chosen += 1
        self._next = self._draw()
        return True

    def _draw(self) -> float:
        """Return the number of the next request to choose; the ranges of two draws have no request in common."""
        if self._every == math.inf:
            return math.inf
        first, last = (math.ceil((self._chosen + times) * self._every) for times in (1, 2))
        return random.randrange(first, last)  # noqa: S311 - traffic, not secrets


class WeightedTurns:
    """Turns in proportion to weights: of n turns each one gets its share, give or take three or four.

    Each turn is a point on a circle, a golden ratio of its length after the one before. Such points are spread evenly
    whatever the weights are, also when they change on the way, and never fall into step with a caller that sends its
    requests in a fixed order. The first point is random, so that several endpoints do not move in step either.
    """

    def __init__(self) -> None:
        self._point = random.random()  # noqa: S311 - traffic, not secrets

    def next(self, weights: Sequence[float]) -> int:
        """Return the index of the weight whose turn it is; the sum of the weights must be above 0."""
        self._point = (self._point + GOLDEN_RATIO) % 1.0
        left = self._point * sum(weights)
        for index, weight in enumerate(weights):
            left -= weight
            if left < 0:
                return index
        return max(index for index, weight in enumerate(weights) if weight > 0)  # the sum was rounded
