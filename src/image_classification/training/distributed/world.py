"""Distributed training: several processes, on several hosts or GPUs, train one model together.

Processes
    SageMaker starts the `train` command once on each host. On a host with several GPUs, that process starts one sibling
    for each further GPU (`host_processes.py`); on a host without GPUs it stays alone and uses all cores. Every process
    has a rank, counted through all hosts. Rank 0 alone writes the model and the lines that metrics are read from.

Stages
    1. `hosts.py` reads who takes part. Rank 0 opens the listening socket at once, before it does anything slow.
    2. `rendezvous.py`: rank 0 runs a TCPStore on that socket, the others connect to it, and each puts its name there.
       When all names are there, they form a process group: gloo between CPUs, NCCL between GPUs.
    3. `job_setup.py` prepares the same job in each process. `sharding.py` says which images are whose, and
       `take_from_first` makes all processes begin with the weights of rank 0.
    4. For each batch, every process computes the gradients of its share. `total` adds up the losses and the requests to
       stop, `average` averages the gradients, and every process takes the same optimizer step.
    5. After each epoch `average` averages the statistics of batch normalization. Every process validates its share of
       the images, and `total` adds up the right answers. Rank 0 stores the model if it is the best so far.
    6. `leave`: a process that fails writes its error into the store before it goes, so the others fail with its reason.

Threads and collectives
    Only the main thread of a process calls collectives, so there are no locks here. The threads that compute parts of a
    batch (`replicas.py`) or prepare the next batch (`batches.py`) never do. gloo returns when the result is there. NCCL
    returns earlier and computes on the GPU's stream, where whatever uses the result waits for it. `sum` is an
    all-reduce; `average` is one all-reduce over all tensors joined together; `take_from_first` is a broadcast.

Invariants
    - All processes call the same collectives in the same order with tensors of the same shapes. A process that does not
      leaves the others waiting. So whether to stop, to validate or to store follows from sums, which are equal in all
      processes, and never from what one process alone knows. A process may fail alone: see stage 6.
    - After each batch the weights are equal in all processes: same start, same gradients, same step.
    - A RuntimeError in a collective means that another process has left. Its own error is in the store; if there is
      none it was killed, or its host cannot be reached.
    - A job of one process has no store and no process group, and every method here returns without doing anything.
"""

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor
from torch._C._distributed_c10d import Store

from image_classification.failure import AlgorithmError, ContainerError, CustomerError, PlatformError
from image_classification.training.distributed.hosts import Hosts

FAILURE_READ_TIMEOUT_S = 5.0
POLL_S = 0.1
FAILURE_KEY, FAILURE_READERS_KEY = "failure", "failure-readers"
ERRORS: dict[str, type[ContainerError]] = {
    error.__name__: error for error in (CustomerError, AlgorithmError, PlatformError)
}


@dataclass(frozen=True)
class Share:
    """This process's part when `count` processes divide something: every `count`-th item from `index` on."""

    index: int
    count: int


@dataclass(frozen=True)
class World:
    """All processes of the job, and the place of this one among them."""

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
        """Return this process's share of the images that its host has.

        In a sharded channel no other host has these images, so only the processes of this host divide them. Otherwise
        every host has all images, and all processes divide them.
        """
        if is_sharded:
            return Share(self.hosts.process, self.hosts.processes)
        return Share(self.rank, self.size)

    def total(self, *values: float) -> list[float]:
        """Return each value summed over all processes."""
        sums = torch.tensor(values, dtype=torch.float64)
        self.sum(sums)
        return sums.tolist()

    def sum(self, tensor: Tensor) -> None:
        """Sum the tensor over all processes, in place."""
        if self.size > 1:
            with self._naming_lost_processes():
                dist.all_reduce(tensor)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Average the tensors over all processes, in place.

        They travel as one message: for many small tensors the round trips would take longer than the sums.
        """
        if self.size == 1 or not tensors:
            return
        joined = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self.sum(joined)
        joined /= self.size
        self._split_into(joined, tensors)

    @torch.no_grad()
    def take_from_first(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite the tensors with those of rank 0, in place."""
        if self.size == 1:
            return
        joined = torch.cat([tensor.reshape(-1) for tensor in tensors])
        with self._naming_lost_processes():
            dist.broadcast(joined, 0)
        self._split_into(joined, tensors)

    @staticmethod
    def _split_into(joined: Tensor, tensors: Sequence[Tensor]) -> None:
        parts = torch.split(joined, [tensor.numel() for tensor in tensors])
        for tensor, values in zip(tensors, parts, strict=True):
            tensor.copy_(values.view(tensor.shape))

    @contextmanager
    def _naming_lost_processes(self) -> Iterator[None]:
        """Turn the RuntimeError of a collective into the error of the process that left."""
        try:
            yield
        except RuntimeError as error:
            raise self._error_of_lost_process(error) from error

    def _error_of_lost_process(self, error: RuntimeError) -> ContainerError:
        assert self.store is not None
        try:
            if self.store.check([FAILURE_KEY]):
                failure = json.loads(self.store.get(FAILURE_KEY))
                self.store.add(FAILURE_READERS_KEY, 1)
                return ERRORS[failure["kind"]](f"{failure['process']} failed: {failure['message']}")
        except RuntimeError:  # the store is gone, so rank 0 is
            return lost(self.hosts.name_of(0), error)
        others = [self.hosts.name_of(rank) for rank in range(self.size) if rank != self.rank]
        return lost(" or ".join(others), error)

    def leave(self, failure: ContainerError | None = None) -> None:
        """Leave the group at the end of the job, and tell the other processes of a failure.

        The store lives in rank 0. If rank 0 fails, it waits a few seconds until the others have read the reason.
        """
        if self.store is None:
            return
        if failure is not None:
            self.announce(failure, self.store)
        with suppress(RuntimeError):
            dist.destroy_process_group()
        if failure is not None and self.is_first:
            deadline = time.monotonic() + FAILURE_READ_TIMEOUT_S
            while self.store.add(FAILURE_READERS_KEY, 0) < self.size - 1 and time.monotonic() < deadline:
                time.sleep(POLL_S)

    def announce(self, failure: ContainerError, store: Store) -> None:
        """Write the failure into the store, unless another process has failed before."""
        with suppress(RuntimeError):  # the store is gone if rank 0 is
            if not store.check([FAILURE_KEY]):
                entry = {"kind": type(failure).__name__, "process": self.name, "message": str(failure)}
                store.set(FAILURE_KEY, json.dumps(entry))


ALONE, ALL = World(Hosts()), Share(0, 1)


def lost(process: str, error: RuntimeError) -> AlgorithmError:
    return AlgorithmError(f"{process} was lost: it ended, or cannot be reached ({first_line(error)})")


def first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
