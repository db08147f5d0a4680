"""The split of an endpoint's traffic between the deployment that serves and the one that an update brings."""

from __future__ import annotations

import random

from sagemaker_emulator.hosting.deployments import Deployment


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


class TrafficSplit:
    """Two deployments that share the requests. Each request is answered by one of them; it never moves to the other."""

    def __init__(self, old: Deployment, new: Deployment, new_share: float) -> None:
        self._old, self._new, self._sample = old, new, Sample(new_share)

    def choose(self) -> Deployment:
        """Return the deployment that answers the next request."""
        return self._new if self._sample.takes() else self._old
