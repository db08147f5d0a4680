"""The processes of one host: one for each of its GPUs, or one for all of its CPU."""

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
from image_classification.training.distributed.hosts import Hosts, whole
from image_classification.training.distributed.world import World, join
from image_classification.training.job_setup import prepare_job

SIBLINGS_END_S = 10.0


def train_together(
    given: Hyperparameters,
    paths: ContainerPaths,
    log: TrainingLog,
    stopping: Callable[[], bool],
    hosts: Hosts,
    listener: socket.socket | None,
) -> None:
    """The whole job, as one of its processes; the first of a host starts the others."""
    gpus = torch.cuda.device_count()
    hosts = replace(hosts, processes=whole(os.environ, "LOCAL_WORLD_SIZE", gpus or 1))
    listener = listener or hosts.listen()
    if listener is not None:
        hosts = replace(hosts, port=listener.getsockname()[1])
    with siblings(hosts), company(hosts, listener, stopping, gpus > 0) as world:
        own_log = log if world.is_first else TrainingLog(log.log, has_metrics=False)
        prepare_job(given, paths, own_log, stopping, world).run()


@contextmanager
def company(
    hosts: Hosts, listener: socket.socket | None, stopping: Callable[[], bool], on_gpus: bool
) -> Iterator[World]:
    """The other processes, and the last word to them."""
    world = join(hosts, listener, stopping, on_gpus)
    try:
        yield world
    except ContainerError as error:
        world.leave(error)
        raise
    except Exception as error:
        world.leave(AlgorithmError(f"{type(error).__name__}: {error}"))
        raise
    else:
        world.leave()


@contextmanager
def siblings(hosts: Hosts) -> Iterator[None]:
    """They hear of the end of the job, and of SIGTERM, from the first: what one is told, all agree on."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        started = [start_sibling(hosts, process) for process in range(1, hosts.processes) if hosts.process == 0]
        yield
    finally:
        for sibling in started:
            end(sibling)


def start_sibling(hosts: Hosts, process: int) -> subprocess.Popen[bytes]:
    place = {"MASTER_ADDR": hosts.address, "MASTER_PORT": str(hosts.port)}
    numbers = {"LOCAL_RANK": str(process), "LOCAL_WORLD_SIZE": str(hosts.processes)}
    command = [sys.executable, "-m", "image_classification", "train"]
    return subprocess.Popen(command, env={**os.environ, **place, **numbers})


def end(sibling: subprocess.Popen[bytes]) -> None:
    try:
        sibling.wait(SIBLINGS_END_S)
    except subprocess.TimeoutExpired:
        sibling.kill()
        sibling.wait()
