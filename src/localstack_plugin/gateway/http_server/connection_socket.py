"""The socket of a connection, for code that runs in the connection's thread or on the event loop.

In the thread, `recv` and `sendall` block; on the loop, they let others run. Use no other call that may wait. The time
limits are the same.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from localstack_plugin import socket_time_limits
from localstack_plugin.event_loop import waits
from localstack_plugin.event_loop.loop import is_on_loop

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class ConnectionSocket(socket.socket):
    _receiving_s: float | None = None
    _sending_s: float | None = None

    @classmethod
    def of(cls, accepted: socket.socket) -> ConnectionSocket:
        """Take over an accepted socket, which is not usable any more."""
        return cls(fileno=accepted.detach())

    def limit_receiving(self, limit_s: float) -> None:
        """Let `recv` raise BlockingIOError when nothing has arrived for this time."""
        self._receiving_s = limit_s
        socket_time_limits.limit_receiving(self, limit_s)

    def limit_sending(self, limit_s: float) -> None:
        """Let `sendall` raise BlockingIOError when nothing has been taken for this time."""
        self._sending_s = limit_s
        socket_time_limits.limit_sending(self, limit_s)

    def recv(self, size_bytes: int, flags: int = 0, /) -> bytes:
        if not is_on_loop():
            return super().recv(size_bytes, flags)
        while True:
            try:
                return super().recv(size_bytes, flags | socket.MSG_DONTWAIT)
            except BlockingIOError:
                if not waits.readable(self, self._receiving_s):
                    raise

    def sendall(self, content: ReadableBuffer, flags: int = 0, /) -> None:
        if not is_on_loop():
            super().sendall(content, flags)
            return
        rest = memoryview(content)
        while rest:
            try:
                rest = rest[self.send(rest, flags | socket.MSG_DONTWAIT) :]
            except BlockingIOError:
                if not waits.writable(self, self._sending_s):
                    raise
