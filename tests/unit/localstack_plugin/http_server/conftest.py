"""A server in this process whose application answers what a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from localstack_plugin.gateway.http_server.access import Access
from localstack_plugin.gateway.http_server.connections import Connections
from localstack_plugin.gateway.http_server.listener import Listener
from localstack_plugin.gateway.http_server.messages import Answer, Request, RequestHead

DEADLINE_S = 60.0
STOP_TIMEOUT_S = 30.0
OK = Answer("200 OK", [("Content-Length", "2")], [b"ok"], is_at_hand=True)


@dataclass
class Served:
    """`answer` is what the application does; `heads` and `bodies` are what it has got."""

    host: str = "127.0.0.1"
    port: int = 0
    heads: list[RequestHead] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    answer: Callable[[Request], Answer] = lambda _: OK
    stop: Callable[[], None] = lambda: None

    def __call__(self, request: Request) -> Answer:
        self.heads.append(request.head)
        self.bodies.append(request.body.read())
        return self.answer(request)

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection((self.host, self.port), DEADLINE_S) as client:
            yield client

    def exchange(self, *sent: bytes) -> bytes:
        """Send the pieces, end the sending, and return all that comes back until the server closes."""
        with self.connected() as client:
            for piece in sent:
                client.sendall(piece)
            client.shutdown(socket.SHUT_WR)
            return everything(client)


def everything(client: socket.socket) -> bytes:
    received = bytearray()
    while data := client.recv(1 << 16):
        received += data
    return bytes(received)


def without_date(answer: bytes) -> bytes:
    return b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith(b"Date: "))


@contextmanager
def running(
    host: str, access: Access | None = None, is_quick: Callable[[RequestHead], bool] = lambda head: False
) -> Iterator[Served]:
    served = Served(host)
    listener = Listener(Connections(served, access or Access(("emulator",), ()), is_quick).serve)
    listener.listen(host, 0)
    served.port, served.stop = listener.ports[0], listener.stop
    thread = threading.Thread(target=listener.run, args=(STOP_TIMEOUT_S,))
    thread.start()
    try:
        yield served
    finally:
        listener.stop()
        thread.join(DEADLINE_S)
        assert not thread.is_alive()


@pytest.fixture
def served() -> Iterator[Served]:
    with running("127.0.0.1") as server:
        yield server
