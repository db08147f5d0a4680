"""A container that another program started and will end: it is invoked and its log is read, and nothing more."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker.errors
import requests

from safety.log_lines import lines_of
from sagemaker_emulator.engine import ContainerSpec, EngineError

DOCKER_ERRORS = (docker.errors.DockerException, requests.RequestException)
PORT = 8080
ALL_INTERFACES = ("", "0.0.0.0", "::")  # noqa: S104 - how Docker writes it, not where we listen

log = logging.getLogger(__name__)


@dataclass(eq=False)
class AttachedContainer:
    """`network` is the network through which it is reached; None if it is reached by its published port."""

    container: Any
    address: str
    network: Any = None
    platform_fault: str = ""
    _left: threading.Event = field(default_factory=threading.Event)
    _log: Any = None

    def lines(self) -> Iterator[str]:
        yield from lines_of(self._chunks())

    def _chunks(self) -> Iterator[bytes]:
        with suppress(*DOCKER_ERRORS):
            self._log = self.container.logs(stream=True, follow=True)
            yield from self._log

    def wait(self, timeout_s: float | None = None) -> int | None:
        """Return 0 after `stop`, which LocalMode calls when the container has ended."""
        self._left.wait(timeout_s)
        return 0 if self._left.is_set() else None

    def stop(self, grace_s: float) -> int:
        """Stop watching. The container is not ours to end."""
        if not self._left.is_set():
            self._left.set()
            if self._log is not None:
                self._log.close()
            if self.network is not None:
                with suppress(*DOCKER_ERRORS):
                    self.network.disconnect(self.container)
        return 0

    def bring(self, base_dir: Path, folder: Path) -> str:
        raise EngineError("A container of local mode gets no files from the emulator.")

    def discard(self, base_dir: Path, folder: Path) -> None:
        pass

    def leave(self) -> None:
        self.stop(0)


@dataclass(frozen=True)
class AttachedEngine:
    """An engine for one running container. `network` is the emulator's own network, if it runs in a container too."""

    client: Any
    container: Any
    network: str | None = None
    containers_outlive_it: bool = True

    def check(self, image: str, isolated: bool = False, serves: bool = False) -> None:
        pass

    def prepare(self, image: str, say: Callable[[str], None]) -> None:
        pass

    def is_isolated(self, address: str) -> bool:
        return False

    def start(self, spec: ContainerSpec) -> AttachedContainer:
        try:
            if self.network is None:
                return AttachedContainer(self.container, _published(self.container))
            return self._joined(self.client.networks.get(self.network))
        except DOCKER_ERRORS as error:
            raise EngineError(f"The container {self.container.name!r} cannot be reached: {error}") from error

    def find(self, spec: ContainerSpec) -> None:
        pass

    def end_orphans(self, kept: Collection[Path] = ()) -> int:
        return 0

    def close(self) -> None:
        pass

    def _joined(self, network: Any) -> AttachedContainer:
        if self.network not in self.container.attrs["NetworkSettings"]["Networks"]:
            network.connect(self.container)
        self.container.reload()
        host = self.container.attrs["NetworkSettings"]["Networks"][self.network]["IPAddress"]
        return AttachedContainer(self.container, f"http://{host}:{PORT}", network)


def _published(container: Any) -> str:
    ports = container.attrs["NetworkSettings"]["Ports"].get(f"{PORT}/tcp")
    if not ports:
        raise EngineError(f"The container {container.name!r} publishes no port for its port {PORT}.")
    host = ports[0]["HostIp"]
    return f"http://{'127.0.0.1' if host in ALL_INTERFACES else host}:{ports[0]['HostPort']}"
