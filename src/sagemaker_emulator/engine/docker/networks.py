"""Where containers meet: the hosts of one job on a network of their own, all others on one of this emulator's."""

from __future__ import annotations

import re
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
    """`shared` is a network that the emulator is in, when it runs in a container: it reaches the others there."""

    client: Any
    labels: Labels
    shared: str | None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def options(self, spec: ContainerSpec) -> dict[str, Any]:
        """Arguments of a container's creation: its first network, and the port of one that serves."""
        ports = {CONTAINER_PORT: ("127.0.0.1", None)} if spec.serves and not self.shared else {}
        if spec.group:
            name = self._made(spec.group)
            aliases = self.client.api.create_endpoint_config(aliases=[spec.host])
            return {"network": name, "networking_config": {name: aliases}, "ports": ports}
        return {"network": self.shared or self._made(""), "ports": ports}

    def join(self, container: Any, spec: ContainerSpec) -> None:
        """The second network of one that has two."""
        if self.shared and spec.group:
            self.client.networks.get(self.shared).connect(container)

    def address(self, container: Any) -> str:
        """Of one that serves, after its start."""
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

    def leave(self, spec: ContainerSpec) -> None:
        """After a container's end: the last of its group takes the network along."""
        if spec.group:
            self.remove(self._name(spec.group))

    def remove_all(self) -> None:
        """All of this emulator that nobody is in."""
        for network in self.client.networks.list(filters=self.labels.filter()):
            self.remove(network.id)

    def remove(self, name: str) -> None:
        with suppress(docker.errors.APIError):  # somebody is still in it, or it is gone
            self.client.networks.get(name).remove()

    def _made(self, group: str) -> str:
        name = self._name(group)
        with self._lock:
            if not self.client.networks.list(names=[f"^{re.escape(name)}$"], filters=self.labels.filter()):
                self.client.networks.create(name, driver="bridge", labels=self.labels.own())
        return name

    def _name(self, group: str) -> str:
        return "-".join(filter(None, ("scones", self.labels.instance[:12], group)))
