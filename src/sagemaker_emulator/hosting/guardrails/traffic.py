"""The split of an endpoint's traffic between the deployment that serves and the one that an update brings."""

from __future__ import annotations

from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.hosting.samples import Sample


class TrafficSplit:
    """Two deployments that share the requests. Each request is answered by one of them; it never moves to the other."""

    def __init__(self, old: Deployment, new: Deployment, new_share: float) -> None:
        self._old, self._new, self._sample = old, new, Sample(new_share)

    def choose(self) -> Deployment:
        """Return the deployment that answers the next request."""
        return self._new if self._sample.takes() else self._old
