"""The `serve` command: the model of `/opt/ml/model` on port 8080, until SIGTERM.

This process accepts connections and hands each to the next worker, so that the workers have equally many; what a
request needs happens there. It loads nothing but the standard library: it is small, and is itself up at once.
"""

import logging
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from image_classification.log import container_log
from image_classification.serving.settings import ServeSettings, SettingError

WORKER = [sys.executable, "-m", "image_classification.serving.worker_process"]
GRACE_S = 25  # SageMaker kills a container 30 s after SIGTERM; a worker gives its requests 20
BACKLOG = 1024
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class ServingError(Exception):
    """The model cannot be served; the message says why."""


@dataclass(eq=False)
class Worker:
    """A child process, and the socket over which it gets its connections. It ends when that socket is closed."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    ready: bool = False

    def fileno(self) -> int:
        return self.channel.fileno()


Source = Worker | socket.socket


def start_worker() -> Worker:
    """A worker never sees the signals that end this process, whoever sends them to the whole group."""
    ours, theirs = socket.socketpair()
    earlier = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        with theirs:
            # numpy's own threads would be one for each core in each worker, and idle
            environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
            return Worker(subprocess.Popen(WORKER, stdin=theirs.fileno(), env=environment), ours)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, earlier)


@dataclass
class Pool:
    """Workers in the order of their turns."""

    log: logging.Logger
    workers: list[Worker] = field(default_factory=list)

    def start(self, count: int) -> None:
        self.workers += [start_worker() for _ in range(count)]

    @property
    def ready(self) -> bool:
        """At least one: the others may be starting again."""
        return any(worker.ready for worker in self.workers)

    def hear(self, heard: Sequence[object]) -> None:
        for worker in [worker for worker in self.workers if worker in heard]:
            self.hear_from(worker)

    def hear_from(self, worker: Worker) -> None:
        """A worker says that it is ready, or why it cannot be; or it has ended."""
        message = worker.channel.recv(65536)
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
        """To the ready worker whose turn it is. A worker that is gone is heard of soon: the next takes its turn."""
        for worker in [worker for worker in self.workers if worker.ready]:
            self.workers.remove(worker)
            self.workers.append(worker)
            with suppress(OSError):
                socket.send_fds(worker.channel, [b"+"], [connection.fileno()])
                return

    def stop(self) -> None:
        """Each worker answers the requests that it has, and ends."""
        for worker in self.workers:
            worker.channel.close()
        deadline = time.monotonic() + GRACE_S
        for worker in self.workers:
            try:
                worker.process.wait(max(0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()


def main() -> int:
    try:
        serve(ServeSettings.from_environment(os.environ))
    except (SettingError, ServingError, OSError) as error:
        print(f"The model cannot be served: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    return 0


def serve(settings: ServeSettings) -> None:
    """Returns when SIGTERM or SIGINT has come and the requests under way are answered."""
    log = container_log()
    with ExitStack() as stack:
        signalled = stack.enter_context(stop_signals())
        pool = Pool(log)
        stack.callback(pool.stop)
        listener = stack.enter_context(
            bound(settings)
        )  # closed first: who comes at the end is refused, and not kept waiting
        pool.start(settings.workers)
        if not all_ready(pool, signalled):
            return
        listener.listen(BACKLOG)
        listener.setblocking(False)
        counts = f"{settings.workers} workers of {settings.threads} threads"
        log.info("Serving on %s:%d with %s", settings.host, settings.port, counts)
        accept_until(signalled, listener, pool)


def all_ready(pool: Pool, signalled: socket.socket) -> bool:
    """False if the end comes first. Who connects before is refused: a connection stays with its worker, and the first
    to be ready would have them all.
    """
    while starting := [worker for worker in pool.workers if not worker.ready]:
        heard = heard_from([signalled, *starting])
        if signalled in heard:
            return False
        pool.hear(heard)
    return True


def accept_until(signalled: socket.socket, listener: socket.socket, pool: Pool) -> None:
    heard: list[Source] = []
    while signalled not in heard:
        heard = heard_from([signalled, *pool.workers, *([listener] if pool.ready else [])])
        pool.hear(heard)
        if listener in heard or signalled in heard:  # at the end, too: who has connected will be answered
            hand_over_all(listener, pool)


def heard_from(sources: list[Source]) -> list[Source]:
    return select.select(sources, [], [])[0]


def hand_over_all(listener: socket.socket, pool: Pool) -> None:
    with suppress(BlockingIOError):
        while True:
            try:
                connection, _ = listener.accept()
            except ConnectionAbortedError:
                continue
            with connection:
                pool.hand_over(connection)


def bound(settings: ServeSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise ServingError(f"{settings.host}:{settings.port}: {error.strerror}") from error
    return listener


@contextmanager
def stop_signals() -> Iterator[socket.socket]:
    """A socket that can be read from once SIGTERM or SIGINT has come."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    with reader, writer:
        signal.set_wakeup_fd(writer.fileno())
        for number in STOP_SIGNALS:
            signal.signal(number, lambda *_: None)
        yield reader
        signal.set_wakeup_fd(-1)
