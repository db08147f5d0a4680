"""Engines run containers. The services above know only this Protocol; `process` needs no Docker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class EngineError(Exception):
    """The engine could not do what was asked: an image that it does not have, a program that does not start."""


@dataclass(frozen=True)
class ContainerSpec:
    """One container to run. `base_dir` is what it sees as /opt/ml.

    `command` is SageMaker's own argument, `train` or `serve`; a processing job has none. `entrypoint`, when there is
    one, is run in place of the image's; `arguments` follow.
    """

    name: str
    image: str
    command: str
    base_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    serves: bool = False
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


class Container(Protocol):
    """A started container."""

    @property
    def address(self) -> str:
        """`http://host:port` of one that serves."""

    def lines(self) -> Iterator[str]:
        """stdout and stderr, line by line as they come, until both are closed."""

    def wait(self, timeout_s: float | None = None) -> int | None:
        """The exit code, or None when it still runs after `timeout_s`."""

    def stop(self, grace_s: float) -> int:
        """SIGTERM, then SIGKILL after the grace. The exit code; harmless on one that has ended."""


class Engine(Protocol):
    def check(self, image: str) -> None:
        """EngineError when this engine could never run the image."""

    def start(self, spec: ContainerSpec) -> Container: ...

    def end_leftovers(self) -> int:
        """End what an earlier life of this instance left running; how many there were."""
