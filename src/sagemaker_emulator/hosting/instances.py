"""Instances: one or several serving containers, started and stopped together."""

from __future__ import annotations

import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cached_property

from sagemaker_emulator.hosting.serving_container import ServingContainer
from sagemaker_emulator.resources.model import Row


@dataclass(eq=False)
class Instance:
    """The containers of one instance in their order. `row` tells how an invocation passes through them.

    Only `busy` changes `in_flight`, and only on the server's event loop.
    """

    containers: tuple[ServingContainer, ...]
    row: Row = Row.SINGLE
    in_flight: int = 0
    last_used: float = field(default_factory=time.monotonic)  # kept for serverless variants only

    @property
    def is_ready(self) -> bool:
        """Whether every container is healthy: on AWS, too, one that is not takes its instance out of the traffic."""
        first, *others = self.containers
        return first.is_ready and all(container.is_ready for container in others) if others else first.is_ready

    @cached_property
    def is_multi_model(self) -> bool:
        return any(container.definition.is_multi_model for container in self.containers)

    def busy(self) -> Busy:
        """Return a context in which one more request counts as in flight."""
        return Busy(self)

    def start(self, timeout_s: float) -> None:
        """Start all containers at once, and wait until each answers `GET /ping`. StartFailed if that takes too long.

        If one does not start, none stays running.
        """
        if len(self.containers) == 1:
            self.containers[0].start(timeout_s)
            return
        with ThreadPoolExecutor(len(self.containers)) as pool:
            starts = [pool.submit(container.start, timeout_s) for container in self.containers]
            try:
                wait(starts, return_when=FIRST_EXCEPTION)
                for start in starts:
                    if start.done():
                        start.result()
            except BaseException:  # whatever the reason, no container stays running, and none goes on starting
                self.stop()
                raise

    def stop(self) -> None:
        """Stop the containers at the same time, and remove their folders."""
        with ThreadPoolExecutor(len(self.containers)) as pool:
            list(pool.map(lambda container: container.stop(), self.containers))


class Busy:
    """One request in flight. A class, because `contextmanager` would cost every invocation two microseconds."""

    __slots__ = ("_instance",)

    def __init__(self, instance: Instance) -> None:
        self._instance = instance

    def __enter__(self) -> None:
        self._instance.in_flight += 1

    def __exit__(self, *_: object) -> None:
        self._instance.in_flight -= 1
