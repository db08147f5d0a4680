"""Several processes that train one model, on several machines or GPUs. One process alone pays nothing for any of it.

What the processes say to each other goes through `torch.distributed`: gloo between CPUs, NCCL between GPUs. A process
that fails says so in the store before it goes, so that the others fail with its reason; one that is killed is noticed
by the connection that breaks.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor
from torch._C._distributed_c10d import Store, TCPStore

from image_classification.failure import (
    AlgorithmError,
    ContainerError,
    CustomerError,
    PlatformError,
)
from image_classification.training.distributed.hosts import LOOPBACK, Hosts

JOIN_TIMEOUT_S = 300.0
SILENCE = timedelta(minutes=10)  # a host from which nothing comes for this long is given up
FAREWELL = timedelta(seconds=5)
POLL_S = 0.1
LOOPBACK_INTERFACES = ("lo", "lo0")
FAILURE, FAREWELLS = "failure", "farewells"
ERRORS: dict[str, type[ContainerError]] = {
    error.__name__: error for error in (CustomerError, AlgorithmError, PlatformError)
}


@dataclass(frozen=True)
class Share:
    """The part of what a host has that is this process's."""

    index: int
    count: int


@dataclass(frozen=True)
class World:
    """All processes of the job, and this one's place among them."""

    hosts: Hosts
    store: Store | None = None

    @property
    def rank(self) -> int:
        return self.hosts.rank

    @property
    def size(self) -> int:
        return self.hosts.size

    @property
    def name(self) -> str:
        return self.hosts.name_of(self.rank)

    @property
    def is_first(self) -> bool:
        return self.rank == 0

    def share(self, is_sharded: bool) -> Share:
        """Every host has every image, or, where a channel is sharded, images that no other host has."""
        if is_sharded:
            return Share(self.hosts.process, self.hosts.processes)
        return Share(self.rank, self.size)

    def total(self, *values: float) -> list[float]:
        """Each value, summed over all processes."""
        sums = torch.tensor(values, dtype=torch.float64)
        self.sum(sums)
        return sums.tolist()

    def sum(self, tensor: Tensor) -> None:
        if self.size > 1:
            with self._in_company():
                dist.all_reduce(tensor)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """In place, in one message: for each of many small tensors the way there is longer than the sum."""
        if self.size == 1 or not tensors:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self.sum(flat)
        flat /= self.size
        self._put_back(flat, tensors)

    @torch.no_grad()
    def take_from_first(self, tensors: Sequence[Tensor]) -> None:
        """In place."""
        if self.size == 1:
            return
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with self._in_company():
            dist.broadcast(flat, 0)
        self._put_back(flat, tensors)

    @staticmethod
    def _put_back(flat: Tensor, tensors: Sequence[Tensor]) -> None:
        for tensor, values in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(values.view(tensor.shape))

    @contextmanager
    def _in_company(self) -> Iterator[None]:
        try:
            yield
        except RuntimeError as error:
            raise self._reason_of(error) from error

    def _reason_of(self, error: RuntimeError) -> ContainerError:
        """What the process that left has said; a killed one has said nothing."""
        assert self.store is not None
        try:
            if self.store.check([FAILURE]):
                failure = json.loads(self.store.get(FAILURE))
                self.store.add(FAREWELLS, 1)
                return ERRORS[failure["kind"]](f"{failure['process']} failed: {failure['message']}")
        except RuntimeError:
            return lost(self.hosts.name_of(0), error)
        others = [self.hosts.name_of(rank) for rank in range(self.size) if rank != self.rank]
        return lost(" or ".join(others), error)

    def leave(self, failure: ContainerError | None = None) -> None:
        """At the end. The store is the first process's: when that one fails, it stays until the others read why."""
        if self.store is None:
            return
        with suppress(RuntimeError):
            if failure is not None and not self.store.check([FAILURE]):
                entry = {"kind": type(failure).__name__, "process": self.name}
                self.store.set(FAILURE, json.dumps({**entry, "message": str(failure)}))
        with suppress(RuntimeError):
            dist.destroy_process_group()
        if failure is not None and self.is_first:
            deadline = time.monotonic() + FAREWELL.total_seconds()
            while self.store.add(FAREWELLS, 0) < self.size - 1 and time.monotonic() < deadline:
                time.sleep(POLL_S)


ALONE, ALL = World(Hosts()), Share(0, 1)


def lost(process: str, error: RuntimeError) -> AlgorithmError:
    return AlgorithmError(f"{process} was lost: it ended, or cannot be reached ({first_line(error)})")


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def join(hosts: Hosts, listener: socket.socket | None, stopping: Callable[[], bool], on_gpus: bool) -> World:
    """Meets the other processes. Raises PlatformError, with the names of those that did not come."""
    if hosts.size == 1:
        return World(hosts)
    use_interface(hosts)
    store = store_for(hosts, listener, stopping)
    store.set(hosts.name_of(hosts.rank), "here")
    everybody = [hosts.name_of(rank) for rank in range(hosts.size)]

    def absent() -> list[str]:
        return [name for name in everybody if not store.check([name])]

    wait(lambda: not absent(), stopping, lambda: f"{', '.join(absent())} did not come")
    backend = "cpu:gloo,cuda:nccl" if on_gpus else "gloo"
    try:
        dist.init_process_group(backend, store=store, rank=hosts.rank, world_size=hosts.size, timeout=SILENCE)
    except RuntimeError as error:
        raise PlatformError(f"The hosts {', '.join(everybody)} cannot connect: {first_line(error)}") from error
    return World(hosts, store)


def use_interface(hosts: Hosts) -> None:
    """The one that SageMaker names, or loopback where hosts meet there; else each library looks for itself."""
    here = [interface for _, interface in socket.if_nameindex()]
    wanted = LOOPBACK_INTERFACES if hosts.address == LOOPBACK else (hosts.interface,)
    for name in wanted:
        if name in here:
            os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = name


def store_for(hosts: Hosts, listener: socket.socket | None, stopping: Callable[[], bool]) -> TCPStore:
    if listener is not None:
        port = listener.getsockname()[1]
        return TCPStore(
            hosts.address, port, hosts.size, True, SILENCE, wait_for_workers=False, master_listen_fd=listener.detach()
        )
    where = f"{hosts.address}:{hosts.port}"
    wait(lambda: answers(hosts), stopping, lambda: f"{hosts.names[0]} did not answer at {where}")
    return TCPStore(hosts.address, hosts.port, hosts.size, False, SILENCE, wait_for_workers=False)


def answers(hosts: Hosts) -> bool:
    try:
        socket.create_connection((hosts.address, hosts.port), 5).close()
    except OSError:
        return False
    return True


def wait(met: Callable[[], bool], stopping: Callable[[], bool], missing: Callable[[], str]) -> None:
    deadline = time.monotonic() + JOIN_TIMEOUT_S
    while not met():
        if stopping():
            raise AlgorithmError(f"The job was stopped before its hosts had met: {missing()}.")
        if time.monotonic() > deadline:
            raise PlatformError(f"The hosts of this job have not met: {missing()} within {JOIN_TIMEOUT_S:g} s.")
        time.sleep(POLL_S)
