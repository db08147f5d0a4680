"""The worker processes of the `serve` command, and which of them gets the next connection.

Each worker is a child process at the other end of a Unix socket, its channel. Over the channel the dispatcher sends the
descriptors of accepted connections; the worker sends one message back: `ready`, or the reason why it cannot serve. A
closed channel tells a worker to answer the requests that it has and end; it also closes when the dispatcher is killed.
"""

import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

WORKER_COMMAND = [sys.executable, "-m", "image_classification.serving.worker_process"]
GRACE_S = 25  # SageMaker kills a container 30 s after SIGTERM; a worker gives its requests 20
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
MESSAGE_BYTES = 65536


class ServingError(Exception):
    """The model cannot be served; the message says why."""


@dataclass(eq=False)
class Worker:
    """A child process and the channel over which it receives its connections. It ends when the channel is closed."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    ready: bool = False

    def fileno(self) -> int:
        return self.channel.fileno()


def start_worker() -> Worker:
    """Start a worker that never sees the signals that end this process, even when they are sent to the whole group."""
    own_end, worker_end = socket.socketpair()
    # A child inherits the mask of blocked signals.
    earlier_mask = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        with worker_end:
            # By default numpy starts a thread for each core in each worker, and they stay idle.
            environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
            return Worker(subprocess.Popen(WORKER_COMMAND, stdin=worker_end.fileno(), env=environment), own_end)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier_mask)


@dataclass
class WorkerPool:
    """The workers, in the order in which they get the next connections."""

    log: logging.Logger
    workers: list[Worker] = field(default_factory=list)

    def start(self, count: int) -> None:
        self.workers += [start_worker() for _ in range(count)]

    @property
    def ready(self) -> bool:
        """True if at least one worker is ready; others may be restarting."""
        return any(worker.ready for worker in self.workers)

    def receive(self, readable: Sequence[object]) -> None:
        """Read the messages of those workers that are among the `readable` sources."""
        for worker in [worker for worker in self.workers if worker in readable]:
            self.receive_from(worker)

    def receive_from(self, worker: Worker) -> None:
        """Note that a worker is ready, or replace one that ended. Raises ServingError if it could not start."""
        message = worker.channel.recv(MESSAGE_BYTES)
        if message == b"ready":
            worker.ready = True
        elif message or not worker.ready:
            worker.process.wait(GRACE_S)
            raise ServingError(message.decode() or f"a worker ended at its start, with {worker.process.returncode}")
        else:
            self.replace(worker)

    def replace(self, worker: Worker) -> None:
        worker.channel.close()
        self.workers.remove(worker)
        self.log.error("Worker %d ended with %d; another is started", worker.process.pid, worker.process.wait(GRACE_S))
        self.start(1)

    def hand_over(self, connection: socket.socket) -> None:
        """Send the connection to the next ready worker. If that worker has just died, try the one after it."""
        for worker in [worker for worker in self.workers if worker.ready]:
            self.workers.remove(worker)
            self.workers.append(worker)
            with suppress(OSError):
                socket.send_fds(worker.channel, [b"+"], [connection.fileno()])
                return

    def stop(self) -> None:
        """Let each worker answer the requests that it has, and wait until all have ended."""
        for worker in self.workers:
            worker.channel.close()
        deadline = time.monotonic() + GRACE_S
        for worker in self.workers:
            try:
                worker.process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
