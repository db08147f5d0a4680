"""The container that the emulator itself runs in: it joins the networks of isolated containers that serve.

Its other end in such a network is an address of the emulator that the isolated containers reach. The emulator listens
at all of its addresses, so requests that arrive at one of those are refused (`sagemaker_emulator.access`).
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

import docker.errors

MOUNTS = Path("/proc/self/mountinfo")
ID = re.compile(r"/containers/([0-9a-f]{64})/hostname /etc/hostname ")

Subnet = IPv4Network | IPv6Network


@dataclass(frozen=True)
class OwnContainer:
    """`subnets` are those of the isolated networks that it is in, or is about to join, by the networks' ids."""

    id: str
    subnets: dict[str, tuple[Subnet, ...]] = field(default_factory=dict)

    def join(self, network: Any) -> None:
        """Connect to a network. Requests from it are refused before it is connected."""
        self.expect(network)
        network.reload()
        if self.id not in network.attrs["Containers"]:
            network.connect(self.id)

    def expect(self, network: Any) -> None:
        """Refuse requests from this network."""
        configs = network.attrs["IPAM"]["Config"] or ()
        self.subnets[network.id] = tuple(ip_network(config["Subnet"]) for config in configs)

    def forget(self, network: Any) -> None:
        """Drop a network that has been removed: Docker may give its addresses to another one."""
        self.subnets.pop(network.id, None)

    def is_isolated(self, address: str) -> bool:
        """Return whether an address of this container belongs to an isolated network."""
        if not self.subnets:
            return False
        ip = ip_address(address.partition("%")[0])
        plain = getattr(ip, "ipv4_mapped", None) or ip
        return any(plain in subnet for subnets in list(self.subnets.values()) for subnet in subnets)


def own_container(client: Any, network: str, mounts: Path = MOUNTS) -> OwnContainer | None:
    """Return the container that this process runs in, if it is in `network`; None if Docker knows no such container.

    Docker mounts its /etc/hostname from a folder named after its id. Its host name is the beginning of the id, unless
    somebody changed it.
    """
    ids = ID.findall(mounts.read_text()) if mounts.is_file() else []
    for candidate in (*ids, socket.gethostname()):
        try:
            container = client.containers.get(candidate)
        except docker.errors.NotFound:
            continue
        if network in container.attrs["NetworkSettings"]["Networks"]:
            return OwnContainer(container.id)
    return None
