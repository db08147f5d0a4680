"""Engines run containers. The services know only these Protocols.

`process` runs programs in the place of images as child processes and needs no Docker; `docker` runs any image;
`attached_container` watches a container that another program started.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

BIND_TO_PORT = "SAGEMAKER_BIND_TO_PORT"
SAFE_PORT_RANGE = "SAGEMAKER_SAFE_PORT_RANGE"  # "9000-9999": ports for what a container of several opens besides


class EngineError(Exception):
    """The engine could not run a container: an image it does not have, a program that does not start."""


@dataclass(frozen=True)
class ContainerSpec:
    """One container to run. `base_dir` is its /opt/ml.

    `command` is SageMaker's own argument, `train` or `serve`; a processing job has none. `entrypoint` replaces the
    image's, if it is not empty; `arguments` follow. `host` is the host name under which the `peers` find the container;
    `peers` maps their host names to the names of their containers. Files that the container writes to the folders
    `outputs`, below `base_dir`, are there once `wait` or `stop` has returned its exit code; files in `live_outputs`
    arrive soon after they were written. A container with `network_isolation` reaches its peers and nothing else;
    others reach the local cloud with keys of `role_arn`. `memory_mb` limits a container that has no `instance_type`.
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
    memory_mb: int | None = None
    host: str = ""
    peers: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[Path, ...] = ()
    live_outputs: tuple[Path, ...] = ()
    network_isolation: bool = False
    role_arn: str = ""


class Container(Protocol):
    """A started container."""

    @property
    def address(self) -> str:
        """Return `http://host:port` of a container that serves."""

    @property
    def platform_fault(self) -> str:
        """Return why the platform ended the container, after its end; an empty text for all other ends."""

    def lines(self) -> Iterator[str]:
        """Yield stdout and stderr line by line as they are written, until both are closed."""

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Return the exit code, or None if the container still runs after `timeout_s`."""

    def stop(self, grace_s: float) -> int:
        """Send SIGTERM, and SIGKILL after the grace; return the exit code. Harmless if the container has ended."""

    def bring(self, base_dir: Path, folder: Path) -> str:
        """Make a folder below the container's base_dir, written after its start, visible to the program.

        Return its path there. EngineError if that is impossible.
        """

    def discard(self, base_dir: Path, folder: Path) -> None:
        """Delete a folder for the program, too, which was deleted below base_dir, as far as that is possible."""

    def leave(self) -> None:
        """Stop watching and leave the container running, for `find` after a restart of the emulator.

        Only for engines whose `containers_outlive_it`.
        """


class Engine(Protocol):
    @property
    def containers_outlive_it(self) -> bool:
        """Whether containers keep running while the emulator restarts, and are found again by `find`."""

    def check(self, image: str, isolated: bool = False, serves: bool = False) -> None:
        """Raise EngineError if this engine can never run the image, or cannot isolate containers."""

    def prepare(self, image: str, say: Callable[[str], None]) -> None:
        """Pull the image, build it, or install its packages, so that `start` does not wait for them.

        `say` receives lines of progress, at least one a second during long work. An exception from it ends the
        preparation. Raises EngineError if the image cannot be prepared.
        """

    def is_isolated(self, address: str) -> bool:
        """Return whether the emulator has this address in the network of an isolated container, and there alone."""

    def start(self, spec: ContainerSpec) -> Container:
        """Start a container. EngineError if it does not start."""

    def find(self, spec: ContainerSpec) -> Container | None:
        """Return the container that was started by this spec before a restart, running or ended; or None."""

    def end_orphans(self, kept: Collection[Path] = ()) -> int:
        """End containers left from before a restart, except those whose base_dir is `kept`; return how many."""

    def close(self) -> None:
        """Release what containers shared, after the last of them has ended."""
