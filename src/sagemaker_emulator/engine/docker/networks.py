"""Networks: containers share one of this emulator's own, or the network that the emulator itself is in."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import docker.errors

from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.engine.docker.labels import Labels

CONTAINER_PORT = "8080/tcp"


@dataclass(frozen=True)
class Networks:
    """`shared` is the network of an emulator that runs in a container; it reaches the others through it."""

    client: Any
    labels: Labels
    shared: str | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def options(self, spec: ContainerSpec) -> dict[str, Any]:
        """Return options for the creation of a container. Its own links name its peers: every job has an algo-1."""
        name = self.shared or self._own()
        links = {container: host for host, container in spec.peers.items()}
        return {
            "network": name,
            "networking_config": {name: self.client.api.create_endpoint_config(links=links)},
            "ports": {CONTAINER_PORT: ("127.0.0.1", None)} if spec.serves and not self.shared else {},
        }

    def address(self, container: Any) -> str:
        """Return the address of a container that serves, after its start. EngineError if it has already ended."""
        container.reload()
        settings = container.attrs["NetworkSettings"]
        if self.shared:
            address = settings["Networks"].get(self.shared, {}).get("IPAddress")
            host = f"{address}:8080" if address else None
        else:
            bindings = settings["Ports"].get(CONTAINER_PORT)
            host = f"127.0.0.1:{bindings[0]['HostPort']}" if bindings else None
        if host is None:
            code = container.attrs["State"]["ExitCode"]
            raise EngineError(f"The container ended with exit code {code} as soon as it was started")
        return f"http://{host}"

    def remove(self) -> None:
        """Remove this emulator's own network, unless a container is still in it."""
        for network in self.client.networks.list(filters=self.labels.filter()):
            with suppress(docker.errors.APIError):
                network.remove()

    def _own(self) -> str:
        name = f"scones-{self.labels.instance}"
        with self._lock:
            if not self.client.networks.list(filters=self.labels.filter()):
                self.client.networks.create(name, driver="bridge", labels=self.labels.own())
        return name
