"""The `serve` command: the model in `/opt/ml/model` on port 8080, until SIGTERM.

This process is the dispatcher: it accepts connections and hands them to the worker processes in turn, so that each
worker has equally many. The workers (`worker_process.py`) do everything that a request needs. The dispatcher imports
only the standard library, so it is small and starts at once.
"""

import os
import select
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from image_classification.log import container_log
from image_classification.serving.settings import ServeSettings, SettingError
from image_classification.serving.worker_pool import STOP_SIGNALS, ServingError, Worker, WorkerPool

BACKLOG = 1024
Source = Worker | socket.socket


def main() -> int:
    """Return 0 after SIGTERM or SIGINT, 1 if the model cannot be served; the reason goes to standard error."""
    try:
        serve(ServeSettings.from_environment(os.environ))
    except (SettingError, ServingError, OSError) as error:
        print(f"The model cannot be served: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return 1
    return 0


def serve(settings: ServeSettings) -> None:
    """Serve until SIGTERM or SIGINT; return when the requests in flight are answered."""
    log = container_log()
    with ExitStack() as stack:
        stop_signal = stack.enter_context(stop_signals())
        pool = WorkerPool(log)
        stack.callback(pool.stop)
        # Entered last, so closed first: clients that come at the end are refused instead of kept waiting.
        listener = stack.enter_context(bound_socket(settings))
        pool.start(settings.workers)
        if not all_ready(pool, stop_signal):
            return
        listener.listen(BACKLOG)
        listener.setblocking(False)
        counts = f"{settings.workers} workers of {settings.threads} threads"
        log.info("Serving on %s:%d with %s", settings.host, settings.port, counts)
        accept_until(stop_signal, listener, pool)


def all_ready(pool: WorkerPool, stop_signal: socket.socket) -> bool:
    """Wait for every worker; return False if a stop signal comes first.

    Connections are refused until then: a connection stays with its worker, so the first one to be ready would get them
    all.
    """
    while starting := [worker for worker in pool.workers if not worker.ready]:
        readable = wait_for_any([stop_signal, *starting])
        if stop_signal in readable:
            return False
        pool.receive(readable)
    return True


def accept_until(stop_signal: socket.socket, listener: socket.socket, pool: WorkerPool) -> None:
    readable: list[Source] = []
    while stop_signal not in readable:
        readable = wait_for_any([stop_signal, *pool.workers, *([listener] if pool.ready else [])])
        pool.receive(readable)
        # Also at the end: a client whose connection is already in the backlog gets its answer.
        if listener in readable or stop_signal in readable:
            hand_over_all(listener, pool)


def wait_for_any(sources: list[Source]) -> list[Source]:
    """Block until at least one of the sources can be read; return those."""
    return select.select(sources, [], [])[0]


def hand_over_all(listener: socket.socket, pool: WorkerPool) -> None:
    with suppress(BlockingIOError):
        while True:
            try:
                connection, _ = listener.accept()
            except ConnectionAbortedError:
                continue
            with connection:
                pool.hand_over(connection)


def bound_socket(settings: ServeSettings) -> socket.socket:
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
    """Give a socket that becomes readable when SIGTERM or SIGINT arrives."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    with reader, writer:
        signal.set_wakeup_fd(writer.fileno())
        for number in STOP_SIGNALS:
            # Python writes to the wakeup descriptor only for signals that have a handler.
            signal.signal(number, lambda *_: None)
        yield reader
        signal.set_wakeup_fd(-1)
