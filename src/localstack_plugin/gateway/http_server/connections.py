"""The choice of the protocol: a connection of HTTP/2 begins with a preface, every other is one of HTTP/1."""

from __future__ import annotations

import socket
from collections.abc import Callable

from localstack_plugin.gateway.http_server.access import Access
from localstack_plugin.gateway.http_server.connection_socket import ConnectionSocket
from localstack_plugin.gateway.http_server.http1_connection import Http1Connection
from localstack_plugin.gateway.http_server.messages import Address, Application, RequestHead
from localstack_plugin.gateway.http_server.request_reader import READ_BYTES

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""What a client of HTTP/2 begins with (RFC 9113, 3.4)."""


class Connections:
    """Connections of HTTP/1 and of HTTP/2 to one application.

    Over HTTP/1, requests of which `is_quick` says so are answered on the event loop.
    """

    def __init__(self, application: Application, access: Access, is_quick: Callable[[RequestHead], bool]) -> None:
        self._application, self._access, self._is_quick = application, access, is_quick

    def serve(self, connection: ConnectionSocket, peer: Address, own: Address) -> None:
        """Serve the connection until it ends. Raises OSError when the client leaves before it has sent anything."""
        received = _first_bytes(connection)
        arguments = connection, peer, own, self._application, self._access.of(peer, own)
        if received.startswith(PREFACE):
            from localstack_plugin.gateway.http_server.http2_connection import Http2Connection  # few clients need h2

            Http2Connection(*arguments).serve(received)
        else:
            Http1Connection(*arguments, self._is_quick).serve(received)


def _first_bytes(connection: socket.socket) -> bytes:
    """Receive enough to tell whether the connection begins with HTTP/2's preface."""
    received = connection.recv(READ_BYTES)
    while len(received) < len(PREFACE) and PREFACE.startswith(received):
        more = connection.recv(READ_BYTES)
        if not more:
            break
        received += more
    return received
