"""A TCP door in front of a server: open, frozen (it takes requests and answers nothing), or shut (nobody listens)."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Self

CHUNK_BYTES = 1 << 16


class Door:
    """Each connection has two threads, one for each direction."""

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._is_open = threading.Event()
        self._is_open.set()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        self._accept()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_open.set()
        self.shut()

    def freeze(self) -> None:
        self._is_open.clear()

    def thaw(self) -> None:
        self._is_open.set()

    def shut(self) -> None:
        """Close everything: connections break, and new ones are refused."""
        for one in (self._listener, *list(self._sockets)):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def reopen(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._accept()

    def _accept(self) -> None:
        threading.Thread(target=self._accept_from, args=(self._listener,), daemon=True).start()

    def _accept_from(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                self._sockets |= {client, server}
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=(source, target), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                self._is_open.wait()
                target.sendall(chunk)
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._sockets -= {source, target}
