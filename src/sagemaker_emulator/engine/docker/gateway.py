"""The way from containers to a local cloud that listens on this machine's loopback only.

The emulator listens at the gateway of its own network, where containers see this machine, on the port of the local
cloud, and passes connections on. Only containers of that network may use it: programs of the machine itself, whichever
user runs them, arrive from the gateway's address and are refused.
"""

from __future__ import annotations

import logging
import select
import socket
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from safety.request_guard import PUBLIC_NAME
from sagemaker_emulator.engine.docker.networks import Networks

ENDPOINTS = "AWS_ENDPOINT_URL"
LOOPBACK = ("127.0.0.1", "localhost", "::1")
HOST_GATEWAY = "host-gateway"  # Docker's word for the machine; Docker Desktop leads it to the machine's loopback
BLOCK_BYTES = 1 << 16

log = logging.getLogger(__name__)


@dataclass
class Gateway:
    """Opened for a port when the first container needs it. `close` ends it."""

    networks: Networks
    _listeners: dict[int, socket.socket | None] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def options(self, environment: Mapping[str, str], needs_way: bool) -> dict[str, Any]:
        """Return a container's variables, and the name under which it finds this machine.

        In a network that it shares with the emulator a container reaches what the emulator reaches.
        """
        urls = {name: urlsplit(value) for name, value in environment.items() if name.startswith(ENDPOINTS)}
        local = {name: url for name, url in urls.items() if url.hostname in LOOPBACK and url.port}
        if not needs_way or not local:
            return {"environment": dict(environment)}
        network = self.networks.client.networks.get(self.networks.own())
        config = network.attrs["IPAM"]["Config"][0]
        is_open = [self._open(config, url.hostname or "", url.port or 0) for url in local.values()]
        host = config["Gateway"] if all(is_open) else HOST_GATEWAY
        moved = {name: urlunsplit(url._replace(netloc=f"{PUBLIC_NAME}:{url.port}")) for name, url in local.items()}
        return {"environment": {**environment, **moved}, "extra_hosts": {PUBLIC_NAME: host}}

    def close(self) -> None:
        for listener in self._listeners.values():
            if listener:
                with suppress(OSError):
                    listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
                listener.close()

    def _open(self, config: Mapping[str, str], host: str, port: int) -> bool:
        with self._lock:
            if port not in self._listeners:
                self._listeners[port] = self._listening(config, (host, port))
            return self._listeners[port] is not None

    def _listening(self, config: Mapping[str, str], target: tuple[str, int]) -> socket.socket | None:
        try:
            listener = socket.create_server((config["Gateway"], target[1]))
        except OSError as error:  # Docker Desktop: the gateway is in its virtual machine
            log.info("containers reach the local cloud through %s: %s", HOST_GATEWAY, error)
            return None
        guard = Guard(ip_network(config["Subnet"]), config["Gateway"])
        threading.Thread(target=_accept, args=(listener, guard, target), name="gateway", daemon=True).start()
        return listener


@dataclass(frozen=True)
class Guard:
    """Lets containers of a network pass."""

    subnet: Any
    gateway: str

    def admits(self, address: str) -> bool:
        return address != self.gateway and ip_address(address) in self.subnet


def _accept(listener: socket.socket, guard: Guard, target: tuple[str, int]) -> None:
    with suppress(OSError):  # closed
        while True:
            client, (address, *_) = listener.accept()
            if guard.admits(address):
                threading.Thread(target=_pass, args=(client, target), name="gateway connection", daemon=True).start()
            else:
                client.close()


def _pass(client: socket.socket, target: tuple[str, int]) -> None:
    with client, suppress(OSError), socket.create_connection(target) as server:
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        others = {client: server, server: client}
        while others:
            for source in select.select([*others], [], [])[0]:
                if block := source.recv(BLOCK_BYTES):
                    others[source].sendall(block)
                else:
                    others.pop(source).shutdown(socket.SHUT_WR)
