"""The training processes of one host: one for each of its GPUs, or a single one that uses all CPU cores."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch

from image_classification.failure import AlgorithmError, ContainerError
from image_classification.hyperparameters import Hyperparameters
from image_classification.log import TrainingLog
from image_classification.paths import ContainerPaths
from image_classification.training.devices import gpu_of
from image_classification.training.distributed.hosts import Hosts, whole_number
from image_classification.training.distributed.rendezvous import join
from image_classification.training.distributed.world import World
from image_classification.training.job_setup import prepare_run

SIBLING_GRACE_S = 10.0


def train_together(
    hyperparameters: Hyperparameters,
    paths: ContainerPaths,
    log: TrainingLog,
    stopping: Callable[[], bool],
    hosts: Hosts,
    listener: socket.socket | None,
) -> None:
    """Run the whole job as one of its processes. The first process of a host starts its siblings."""
    gpus = torch.cuda.device_count()
    hosts = replace(hosts, processes=whole_number(os.environ, "LOCAL_WORLD_SIZE", gpus or 1))
    listener = listener or hosts.listen()
    if listener is not None:
        hosts = replace(hosts, port=listener.getsockname()[1])
    with siblings(hosts), joined_world(hosts, listener, stopping) as world:
        own_log = log if world.is_first else TrainingLog(log.log, has_metrics=False)
        prepare_run(hyperparameters, paths, own_log, stopping, world).run()


@contextmanager
def joined_world(hosts: Hosts, listener: socket.socket | None, stopping: Callable[[], bool]) -> Iterator[World]:
    """Meet the other processes, and tell them at the end whether this one failed."""
    world = join(hosts, listener, stopping, gpu_of(hosts.process))
    try:
        yield world
    except ContainerError as error:
        world.leave(error)
        raise
    except Exception as error:  # whatever it is, the others must hear of it; it is raised again
        world.leave(AlgorithmError(f"{type(error).__name__}: {error}"))
        raise
    else:
        world.leave()


@contextmanager
def siblings(hosts: Hosts) -> Iterator[None]:
    """Start the other processes of this host, in its first process, and end them after it.

    The platform signals the first process only. The others hear of SIGTERM through `Trainer.agree`.
    """
    started: list[subprocess.Popen[bytes]] = []
    try:
        started = [start_sibling(hosts, process) for process in range(1, hosts.processes) if hosts.process == 0]
        yield
    finally:
        for sibling in started:
            end(sibling)


def start_sibling(hosts: Hosts, process: int) -> subprocess.Popen[bytes]:
    meeting_place = {"MASTER_ADDR": hosts.address, "MASTER_PORT": str(hosts.port)}
    numbers = {"LOCAL_RANK": str(process), "LOCAL_WORLD_SIZE": str(hosts.processes)}
    command = [sys.executable, "-m", "image_classification", "train"]
    return subprocess.Popen(command, env={**os.environ, **meeting_place, **numbers})


def end(sibling: subprocess.Popen[bytes]) -> None:
    try:
        sibling.wait(SIBLING_GRACE_S)
    except subprocess.TimeoutExpired:
        sibling.kill()
        sibling.wait()
