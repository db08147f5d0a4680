"""How long a client may keep a thread waiting.

The socket itself has the limits: with one of Python's, each use of the socket would take a second system call.
"""

from __future__ import annotations

import socket
import struct

IDLE_S = 60.0
"""How long a client may send nothing, between requests and within one."""
STALLED_S = 300.0
"""How long a client may take nothing of an answer."""
TIMEVAL = struct.Struct("@ll")
MICROSECONDS = 1_000_000


def limit_receiving(connection: socket.socket, limit_s: float) -> None:
    """Let `recv` raise BlockingIOError after this time."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(limit_s))


def limit_sending(connection: socket.socket, limit_s: float) -> None:
    """Let `sendall` raise BlockingIOError when nothing has been taken for this time."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(limit_s))


def _timeval(limit_s: float) -> bytes:
    return TIMEVAL.pack(*divmod(round(limit_s * MICROSECONDS), MICROSECONDS))
