"""Engines run containers. The services above know only this Protocol; `process` needs no Docker."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol


class EngineError(Exception):
    """The engine could not do what was asked: an image that it does not have, a program that does not start."""


@dataclass(frozen=True)
class ContainerSpec:
    """One container to run. `base_dir` is what it sees as /opt/ml.

    `command` is SageMaker's own argument, `train` or `serve`; a processing job has none. `entrypoint`, when there is
    one, is run in place of the image's; `arguments` follow. `host` is its own host name, by which
    it is found by its `peers`: their host names, and the names of their containers. What it leaves in the folders
    `outputs`, below `base_dir`, is there when `wait` or `stop` has told its exit code; what it leaves in
    `live_outputs`, soon after it was written.
    """

    name: str
    image: str
    command: str
    base_dir: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    serves: bool = False
    entrypoint: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    instance_type: str = ""
    host: str = ""
    peers: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[Path, ...] = ()
    live_outputs: tuple[Path, ...] = ()


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

    def leave(self) -> None:
        """Let it run on for `find` in a later life; its lines end here. Only where containers outlive their engine."""


class Engine(Protocol):
    @property
    def containers_outlive_it(self) -> bool:
        """Whether a container can run on while no emulator does, and be found again by the next one."""

    def check(self, image: str) -> None:
        """EngineError when this engine could never run the image."""

    def start(self, spec: ContainerSpec) -> Container: ...

    def find(self, spec: ContainerSpec) -> Container | None:
        """A container of an earlier life, running or ended, that was started by this very spec."""

    def end_leftovers(self, kept: Collection[Path] = ()) -> int:
        """End what an earlier life left running, but for containers of the base_dirs that are `kept`; how many."""

    def close(self) -> None:
        """When no container is needed any more: let go of what they shared."""
