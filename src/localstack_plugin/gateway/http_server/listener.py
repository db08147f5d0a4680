"""The sockets that listen, and a thread for each connection that they accept."""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress

from localstack_plugin.gateway.http_server import time_limits
from localstack_plugin.gateway.http_server.connection_socket import ConnectionSocket
from localstack_plugin.gateway.http_server.messages import Address

BACKLOG = 1024
"""Connections that wait to be accepted. The system may allow fewer."""
PAUSE_S = 0.1
"""Between two attempts to accept when there are no file descriptors or threads left."""

Serve = Callable[[ConnectionSocket, Address, Address], None]
log = logging.getLogger(__name__)


class Listener:
    """`serve` gets a connection, the peer's address and the own. Its thread ends with the connection."""

    def __init__(self, serve: Serve) -> None:
        self._serve = serve
        self._listening: list[socket.socket] = []
        self._connections: set[ConnectionSocket] = set()
        self._changed = threading.Condition()
        """Protects `_connections`."""
        self._bell, self._woken = socket.socketpair()

    def listen(self, host: str, port: int) -> None:
        """Take connections at this address; `run` serves them."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        both = host == "::" and socket.has_dualstack_ipv6()
        listening = socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=both)
        listening.setblocking(False)
        self._listening.append(listening)

    @property
    def ports(self) -> list[int]:
        """The port of each address, in their order."""
        return [listening.getsockname()[1] for listening in self._listening]

    def run(self, stop_timeout_s: float) -> None:
        """Accept connections until `stop`; then let the requests in progress finish, for this time at most."""
        with self._bell, self._woken, selectors.DefaultSelector() as selector:
            for each in (self._woken, *self._listening):
                selector.register(each, selectors.EVENT_READ)
            while self._woken not in (ready := [key.fileobj for key, _ in selector.select()]):
                for listening in self._listening:
                    if listening in ready:
                        self._accept(listening)
        for listening in self._listening:
            listening.close()
        self._finish(stop_timeout_s)

    def stop(self) -> None:
        """End `run`. Any thread may call this."""
        with suppress(OSError):  # it has ended
            self._bell.send(b"\0")

    def _accept(self, listening: socket.socket) -> None:
        try:
            accepted, address = listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return  # the client has gone
        except OSError as error:
            log.warning("no connection can be accepted: %s", error)
            time.sleep(PAUSE_S)
            return
        connection = ConnectionSocket.of(accepted)
        with self._changed:
            self._connections.add(connection)
        thread = threading.Thread(target=self._handle, args=(connection, address[:2]), name="gateway", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            log.warning("a connection cannot be served: %s", error)
            self._close(connection)
            time.sleep(PAUSE_S)

    def _handle(self, connection: ConnectionSocket, peer: Address) -> None:
        try:
            connection.setblocking(True)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.limit_receiving(time_limits.IDLE_S)
            connection.limit_sending(time_limits.STALLED_S)
            host, port, *_ = connection.getsockname()
            self._serve(connection, peer, (host, port))
        except OSError:
            pass  # the client has gone
        except Exception:  # the edge of a thread
            log.exception("a connection has failed")
        finally:
            self._close(connection)

    def _close(self, connection: ConnectionSocket) -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)  # a process forked to save the state may have it, too
        connection.close()
        with self._changed:
            self._connections.discard(connection)
            self._changed.notify_all()

    def _finish(self, timeout_s: float) -> None:
        """Let each connection end after the request that it carries: it receives nothing more."""
        with self._changed:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RD)
            self._changed.wait_for(lambda: not self._connections, timeout_s)
