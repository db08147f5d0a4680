"""Samples of a stream of requests: those of a canary, and those that are copied to a shadow variant."""

from __future__ import annotations

import random


class Sample:
    """A share of a stream of requests, at random but evenly spread: of n requests, n times the share, give or take one.

    The k-th chosen request is a random one among those from k / share to (k + 1) / share. Drawing each request on its
    own would let a canary of 10 % answer a fifth of a short stretch. Without a lock: two threads at once may at worst
    choose one request too many.
    """

    def __init__(self, share: float) -> None:
        self._every = 1 / share if share > 0 else float("inf")
        self._seen = self._chosen = 0
        self._next = random.random() * self._every  # noqa: S311 - traffic, not secrets

    def takes(self) -> bool:
        """Return whether the next request belongs to the sample."""
        self._seen += 1
        if self._seen <= self._next:
            return False
        self._chosen += 1
        self._next = (self._chosen + random.random()) * self._every  # noqa: S311 - traffic, not secrets
        return True
