"""The pool with workers that are sockets in this process instead of child processes."""

import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from image_classification.serving.worker_pool import ServingError, Worker, WorkerPool


class Pool:
    """A pool of two workers, and the ends of their channels that the workers would hold."""

    def __init__(self, stack: ExitStack) -> None:
        self.ends: list[socket.socket] = []
        workers = []
        for _ in range(2):
            own_end, worker_end = socket.socketpair()
            self.ends.append(stack.enter_context(worker_end))
            stack.enter_context(own_end)
            process = stack.enter_context(subprocess.Popen([sys.executable, "-c", ""]))
            workers.append(Worker(process, own_end))
        self.pool = WorkerPool(logging.getLogger("test"), workers)


@pytest.fixture
def workers() -> Iterator[Pool]:
    with ExitStack() as stack:
        yield Pool(stack)


def handed_over(end: socket.socket) -> bool:
    end.setblocking(False)
    try:
        _, descriptors, _, _ = socket.recv_fds(end, 1, 1)
    except BlockingIOError:
        return False
    with socket.socket(fileno=descriptors[0]):
        return True


def get_ready(workers: Pool) -> None:
    for end in workers.ends:
        end.send(b"ready")
    workers.pool.receive(list(workers.pool.workers))


def test_workers_get_connections_in_turn(workers: Pool) -> None:
    get_ready(workers)
    receivers = []
    for _ in range(4):
        with socket.socket() as connection:
            workers.pool.hand_over(connection)
        receivers.append([handed_over(end) for end in workers.ends])
    assert receivers == [[True, False], [False, True]] * 2


def test_a_worker_that_is_not_ready_gets_no_connection(workers: Pool) -> None:
    assert not workers.pool.ready
    workers.ends[1].send(b"ready")
    workers.pool.receive(workers.pool.workers[1:])
    assert workers.pool.ready
    for _ in range(2):
        with socket.socket() as connection:
            workers.pool.hand_over(connection)
    assert [handed_over(end) for end in workers.ends] == [False, True]


def test_a_connection_goes_to_the_next_worker_if_one_has_died(workers: Pool) -> None:
    get_ready(workers)
    workers.ends[0].close()
    with socket.socket() as connection:
        workers.pool.hand_over(connection)
    assert handed_over(workers.ends[1])


def test_the_reason_why_a_worker_cannot_start_ends_the_server(workers: Pool) -> None:
    workers.ends[0].send(b"no model.onnx")
    with pytest.raises(ServingError, match="no model"):
        workers.pool.receive(list(workers.pool.workers[:1]))


def test_a_worker_that_ends_before_it_is_ready_ends_the_server(workers: Pool) -> None:
    workers.ends[0].close()
    with pytest.raises(ServingError, match="a worker ended at its start, with 0"):
        workers.pool.receive(list(workers.pool.workers[:1]))
