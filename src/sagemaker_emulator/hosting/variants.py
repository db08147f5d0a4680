"""A production variant as it runs: its instances, the least busy of which takes the next request."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.launcher import Launcher, stop_all
from sagemaker_emulator.resources.endpoint import VariantTarget

DRAIN_S = 60.0
DRAIN_POLL_S = 0.05


@dataclass
class Variant:
    """One production variant as it runs.

    `instances` is replaced as a whole, never changed in place, because the data path reads it without a lock.
    """

    name: str
    weight: float
    launcher: Launcher
    instances: list[Instance]

    @property
    def ready_count(self) -> int:
        return sum(instance.is_ready for instance in self.instances)

    def least_busy(self, excluded: Collection[Instance] = ()) -> Instance | None:
        """Return the healthy instance with the fewest requests in flight; None if all are `excluded` or unhealthy."""
        ready = (one for one in self.instances if one.is_ready and one not in excluded)
        return min(ready, key=lambda one: one.in_flight, default=None)

    def apply(self, target: VariantTarget) -> None:
        """Start or stop instances until the variant is as `target` asks; it blocks until then."""
        self.scale_to(target.instance_count)

    def close(self, drains: bool) -> None:
        """Prepare for the end. The caller stops the instances next; if it `drains`, after their requests in flight."""

    def scale_to(self, count: int) -> None:
        """Start instances until there are `count`, or drain and stop the newest until only `count` are left."""
        missing = count - len(self.instances)
        if missing > 0:
            self.instances = self.instances + self.launcher.start(missing)
        elif missing < 0:
            self.instances, surplus = self.instances[:count], self.instances[count:]
            drain(surplus)


def drain(instances: list[Instance]) -> None:
    """Wait until no request is in flight, for at most DRAIN_S, and stop the instances.

    The first check comes after a pause: the event loop may have chosen one of them and not counted the request yet.
    """
    deadline = time.monotonic() + DRAIN_S
    is_busy = True
    while is_busy and time.monotonic() < deadline:
        time.sleep(DRAIN_POLL_S)
        is_busy = any(instance.in_flight for instance in instances)
    stop_all(instances)
