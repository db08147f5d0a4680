"""Networks for EnableNetworkIsolation in the process engine: loopback, the other hosts of the job, and nothing else."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from threading import Lock
from weakref import WeakValueDictionary, finalize

from safety.sandbox import Network, Sandbox

BACKLOG = 512


@dataclass(frozen=True)
class Networks:
    """Networks that the hosts of one job share: on AWS, isolated hosts still reach their peers."""

    sandbox: Sandbox
    _by_hosts: WeakValueDictionary[frozenset[str], Network] = field(default_factory=WeakValueDictionary)
    _lock: Lock = field(default_factory=Lock)

    def of_hosts(self, names: Iterable[str]) -> Network:
        """Return the network of these containers, which exists as long as one of them keeps it."""
        key = frozenset(names)
        with self._lock:
            network = self._by_hosts.get(key)
            if network is None:
                network = self._by_hosts[key] = self.sandbox.new_network()
            return network


class Entrance:
    """A port of this machine that leads to a port in a network, as long as this object is referenced."""

    def __init__(self, sandbox: Sandbox, network: Network, port_inside: int) -> None:
        listener = socket.create_server(("127.0.0.1", 0), backlog=BACKLOG)
        finalize(self, listener.close)
        self.port: int = listener.getsockname()[1]
        self._relay = sandbox.relay(listener, network, port_inside)
