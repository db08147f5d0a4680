"""The meeting of a job's processes: a TCPStore in rank 0, and then the process group of `torch.distributed`."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import torch.distributed as dist
from torch._C._distributed_c10d import TCPStore

from image_classification.failure import AlgorithmError, PlatformError
from image_classification.training.distributed.hosts import LOOPBACK, Hosts
from image_classification.training.distributed.world import World, first_line

JOIN_TIMEOUT_S = 300.0
COLLECTIVE_TIMEOUT = timedelta(minutes=10)  # a process that is silent for this long is given up
CONNECT_TIMEOUT_S = 5.0
POLL_S = 0.1
NO_GPU = "none"
LOOPBACK_INTERFACES = ("lo", "lo0")


def join(hosts: Hosts, listener: socket.socket | None, stopping: Callable[[], bool], gpu: str | None) -> World:
    """Meet the other processes. Raises PlatformError with the names of those that did not come.

    `gpu` is the UUID of this process's GPU, or None if it computes on the CPU.
    """
    if hosts.size == 1:
        return World(hosts)
    use_interface(hosts)
    store = open_store(hosts, listener, stopping)
    store.set(hosts.name_of(hosts.rank), gpu or NO_GPU)
    everybody = [hosts.name_of(rank) for rank in range(hosts.size)]

    def absent() -> list[str]:
        return [name for name in everybody if not store.check([name])]

    wait(lambda: not absent(), stopping, lambda: f"{', '.join(absent())} did not come")
    backend = backend_for([store.get(name).decode() for name in everybody])
    try:
        dist.init_process_group(
            backend, store=store, rank=hosts.rank, world_size=hosts.size, timeout=COLLECTIVE_TIMEOUT
        )
    except RuntimeError as error:
        raise PlatformError(f"The hosts {', '.join(everybody)} cannot connect: {first_line(error)}") from error
    return World(hosts, store)


def backend_for(gpus: Sequence[str]) -> str:
    """Return the backend for the GPUs of all processes: NCCL if each has its own, because NCCL refuses to share one."""
    return "cpu:gloo,cuda:nccl" if NO_GPU not in gpus and len(set(gpus)) == len(gpus) else "gloo"


def use_interface(hosts: Hosts) -> None:
    """Tell gloo and NCCL which network interface to use: SageMaker's, or loopback if the hosts meet there.

    If this machine does not have it, each library chooses for itself.
    """
    existing = [interface for _, interface in socket.if_nameindex()]
    preferred = LOOPBACK_INTERFACES if hosts.address == LOOPBACK else (hosts.interface,)
    for name in preferred:
        if name in existing:
            os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = name


def open_store(hosts: Hosts, listener: socket.socket | None, stopping: Callable[[], bool]) -> TCPStore:
    """Run the store on the listener, in rank 0, or connect to it, in the other processes."""
    if listener is not None:
        port = listener.getsockname()[1]
        return TCPStore(
            hosts.address,
            port,
            hosts.size,
            True,
            COLLECTIVE_TIMEOUT,
            wait_for_workers=False,
            master_listen_fd=listener.detach(),
        )
    address = f"{hosts.address}:{hosts.port}"
    # TCPStore itself would wait for rank 0 without looking at SIGTERM.
    wait(lambda: is_listening(hosts), stopping, lambda: f"{hosts.names[0]} did not answer at {address}")
    return TCPStore(hosts.address, hosts.port, hosts.size, False, COLLECTIVE_TIMEOUT, wait_for_workers=False)


def is_listening(hosts: Hosts) -> bool:
    try:
        socket.create_connection((hosts.address, hosts.port), CONNECT_TIMEOUT_S).close()
    except OSError:
        return False
    return True


def wait(
    condition: Callable[[], bool],
    stopping: Callable[[], bool],
    missing: Callable[[], str],
    timeout_s: float = JOIN_TIMEOUT_S,
) -> None:
    """Poll until the condition holds. Raises AlgorithmError after SIGTERM and PlatformError after the timeout."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if stopping():
            raise AlgorithmError(f"The job was stopped before its hosts had met: {missing()}.")
        if time.monotonic() > deadline:
            raise PlatformError(f"The hosts of this job have not met: {missing()} within {timeout_s:g} s.")
        time.sleep(POLL_S)
