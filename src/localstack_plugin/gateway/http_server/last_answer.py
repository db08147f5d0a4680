"""The end of a connection whose client may still be sending.

A socket that is closed with bytes that nobody has read resets the connection, and the client loses the answer.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress

from localstack_plugin.event_loop.waits import give_way
from localstack_plugin.gateway.http_server.connection_socket import ConnectionSocket
from localstack_plugin.gateway.http_server.request_reader import READ_BYTES

LINGER_S = 1.0


def send_last(connection: ConnectionSocket, content: bytes) -> None:
    """Send the last answer, and read for LINGER_S what the client sends. Then the connection may be closed."""
    with suppress(OSError):  # the client has gone
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        connection.limit_receiving(LINGER_S)
        end = time.monotonic() + LINGER_S
        while connection.recv(READ_BYTES) and time.monotonic() < end:
            give_way()
