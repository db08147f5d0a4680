"""Networks: containers share one of this emulator's own, or the network that the emulator itself is in.

An isolated container has no network; if it serves, or its job has several hosts, an internal one of its own, from which
no way leads out. An emulator in a container joins the network of one that serves; one on the machine reaches it from
there. Docker would remove such a network only when told: `release` does, after the container's end.
"""

from __future__ import annotations

import hashlib
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import docker.errors

from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.engine.docker.labels import LABEL, Labels
from sagemaker_emulator.engine.docker.own_container import OwnContainer

CONTAINER_PORT = "8080/tcp"
WITHOUT_HOST = {"com.docker.network.bridge.inhibit_ipv4": "true"}  # the machine itself has no address in the network


@dataclass(frozen=True)
class Networks:
    """`shared` is the network of an emulator that runs in a container; it reaches the others through it.

    `container` is that container. Without it no isolated container can serve.
    """

    client: Any
    labels: Labels
    shared: str | None
    container: OwnContainer | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def options(self, spec: ContainerSpec) -> dict[str, Any]:
        """Return options for the creation of a container. Its own links name its peers: every job has an algo-1."""
        if spec.network_isolation and not spec.serves and not spec.peers:
            return {"network_mode": "none"}
        name = self._isolated(spec) if spec.network_isolation else self.shared or self.own()
        links = {container: host for host, container in spec.peers.items()}
        published = spec.serves and not self.shared and not spec.network_isolation
        return {
            "network": name,
            "networking_config": {name: self.client.api.create_endpoint_config(links=links)},
            "ports": {CONTAINER_PORT: ("127.0.0.1", None)} if published else {},
        }

    def address(self, container: Any, spec: ContainerSpec) -> str:
        """Return the address of a container that serves, after its start. EngineError if it has already ended."""
        container.reload()
        settings = container.attrs["NetworkSettings"]
        if name := self._name(spec) if spec.network_isolation else self.shared:
            address = settings["Networks"].get(name, {}).get("IPAddress")
            host = f"{address}:8080" if address else None
        else:
            bindings = settings["Ports"].get(CONTAINER_PORT)
            host = f"127.0.0.1:{bindings[0]['HostPort']}" if bindings else None
        if host is None:
            code = container.attrs["State"]["ExitCode"]
            raise EngineError(f"The container ended with exit code {code} as soon as it was started")
        return f"http://{host}"

    def own(self) -> str:
        """Create this emulator's own network, if it does not exist; return its name."""
        return self._created(f"scones-{self.labels.instance}")

    def release(self, spec: ContainerSpec) -> None:
        """Remove the network of an isolated container that has been removed, unless a peer is still in it."""
        if spec.network_isolation:
            for network in self._of_name(self._name(spec)):
                self._remove(network)

    def remove(self) -> None:
        """Remove this emulator's own networks, unless a container is still in them."""
        for network in self.client.networks.list(filters=self.labels.filter()):
            self._remove(network)

    def refuse_isolated(self) -> None:
        """Refuse requests from isolated networks that an emulator that was killed has left this container in."""
        if self.container:
            for network in self.client.networks.list(filters=self.labels.filter()):
                if network.attrs["Internal"]:
                    self.container.expect(network)

    def _isolated(self, spec: ContainerSpec) -> str:
        """Return the network of a container that serves, or of the hosts of a job, which need only each other."""
        from_machine = spec.serves and not self.container
        name = self._created(self._name(spec), internal=True, options={} if from_machine else WITHOUT_HOST)
        if spec.serves and self.container:
            self.container.join(self._of_name(name)[0])
        return name

    def _remove(self, network: Any) -> None:
        """Remove a network, after the emulator's container has left it.

        One that is stopped must leave, too: Docker could not start it again without the network.
        """
        with suppress(docker.errors.APIError):
            if network.attrs["Internal"]:
                members = {"network": network.id}
                for member in self.client.containers.list(all=True, filters=members, ignore_removed=True):
                    if LABEL not in member.labels:
                        network.disconnect(member.id, force=True)
            network.remove()
            if self.container:
                self.container.forget(network)

    def _name(self, spec: ContainerSpec) -> str:
        members = "\n".join(sorted((spec.name, *spec.peers.values())))
        return f"scones-{self.labels.instance}-{hashlib.sha256(members.encode()).hexdigest()[:16]}"

    def _created(self, name: str, **options: Any) -> str:
        with self._lock:
            if not self._of_name(name):
                self.client.networks.create(name, driver="bridge", labels=self.labels.own(), **options)
        return name

    def _of_name(self, name: str) -> list[Any]:
        networks = self.client.networks.list(names=[name], filters=self.labels.filter())
        return [network for network in networks if network.name == name]
