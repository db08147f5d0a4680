"""Time limits that the socket itself keeps: with one of Python's, each use of it would take a second system call."""

import socket
import struct

TIMEVAL = struct.Struct("@ll")
MICROSECONDS = 1_000_000


def limit_receiving(connection: socket.socket, limit_s: float) -> None:
    """Let `recv` raise BlockingIOError after this time, which is more than zero: that would be no limit."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(limit_s))


def limit_sending(connection: socket.socket, limit_s: float) -> None:
    """Let `sendall` raise BlockingIOError when nothing has been taken for this time."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(limit_s))


def _timeval(limit_s: float) -> bytes:
    return TIMEVAL.pack(*divmod(round(limit_s * MICROSECONDS), MICROSECONDS))
