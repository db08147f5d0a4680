"""The hosts of a job, as SageMaker's `resourceconfig.json` names them, and the address where they meet."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace

from image_classification.configuration import read_config
from image_classification.failure import PlatformError
from image_classification.paths import ContainerPaths

PORT = 7777  # on the first host; nothing else listens in its container
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Hosts:
    """The hosts, and this process among them: `process` of `processes` on the host `current`, counted from 0."""

    names: tuple[str, ...] = ("algo-1",)
    current: str = "algo-1"
    interface: str | None = None
    address: str = LOOPBACK
    port: int = PORT
    process: int = 0
    processes: int = 1

    @property
    def size(self) -> int:
        return len(self.names) * self.processes

    @property
    def rank(self) -> int:
        return self.names.index(self.current) * self.processes + self.process

    def name_of(self, rank: int) -> str:
        host, process = divmod(rank, self.processes)
        return self.names[host] + (f", process {process + 1} of {self.processes}" if self.processes > 1 else "")

    def listen(self) -> socket.socket | None:
        """Open the socket at which the processes meet, in rank 0 of several; else return None. Raises PlatformError."""
        if self.rank > 0 or self.size == 1:
            return None
        port = 0 if len(self.names) == 1 else self.port  # the first process tells its siblings which port it got
        try:
            return socket.create_server((self.address, port))
        except OSError as error:
            raise PlatformError(f"{self.current} cannot listen on {self.address}:{port}: {error}.") from error


def read_hosts(paths: ContainerPaths, environment: Mapping[str, str] = os.environ) -> Hosts:
    """Return the hosts of this job. They meet at the first host, under its name.

    PyTorch's MASTER_ADDR and MASTER_PORT override that, for platforms where all hosts share one network: host names do
    not resolve there, and two jobs would use the same port. Raises PlatformError.
    """
    hosts = configured_hosts(paths)
    if len(hosts.names) > 1:
        hosts = replace(hosts, address=hosts.names[0])
    return replace(
        hosts,
        address=environment.get("MASTER_ADDR") or hosts.address,
        port=whole_number(environment, "MASTER_PORT", hosts.port),
        process=whole_number(environment, "LOCAL_RANK", 0),
    )


def configured_hosts(paths: ContainerPaths) -> Hosts:
    if not paths.resource_config.exists():  # started by hand: one host
        return Hosts()
    config = read_config(paths.resource_config)
    names = tuple(sorted(config.get("hosts") or ["algo-1"], key=host_order))
    current = config.get("current_host") or names[0]
    if current not in names:
        raise PlatformError(f"In {paths.resource_config} the current_host {current!r} is none of the hosts {names}.")
    return Hosts(names, current, config.get("network_interface_name"))


def host_order(name: str) -> tuple[int, str]:
    """Sort algo-2 before algo-10."""
    return len(name), name


def whole_number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal():
        raise PlatformError(f"The environment variable {name} is {text!r}; it should be a whole number.")
    return int(text)
