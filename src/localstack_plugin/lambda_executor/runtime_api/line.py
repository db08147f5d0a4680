"""The server's end of the line to a function's process: a pair of sockets that only the two have.

Whoever invokes, a thread or a greenlet of the event loop, writes the event and reads the answer itself: to wake another
thread for them, and to read HTTP, would take longer than most functions do. There is no secret: only the process that
inherits the line can use it. The other end is the `LineClient` of `process.bootstrap`. Numbers are big-endian and have
four bytes:

    server to process   number of the invocation, size of the head, size of the payload; head (JSON), payload
    process to server   letter of the kind, number of the invocation, size of the body; body
"""

import json
import select
import socket
import struct
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from localstack_plugin.event_loop import waits
from localstack_plugin.event_loop.loop import is_on_loop
from localstack_plugin.lambda_executor.errors import LambdaExecutorError, ResponseTooLarge
from localstack_plugin.lambda_executor.runtime_api.invocations import MAX_RESPONSE_BYTES, Invocation, Outcome
from localstack_plugin.socket_time_limits import limit_receiving

READY: Final = b"N"
INIT_ERROR: Final = b"I"
RESPONSE: Final = b"R"
ERROR: Final = b"E"
ANSWERS: Final = frozenset({RESPONSE, ERROR})
KINDS: Final = ANSWERS | {READY, INIT_ERROR}
EVENT: Final = struct.Struct("!III")
MESSAGE: Final = struct.Struct("!cII")
READ_BYTES: Final = 64 * 1024
SHORTEST_WAIT_S: Final = 0.001
"""The kernel reads a time-out of zero as no limit."""


class LineEnded(LambdaExecutorError):
    """The process has closed the line, or has sent what its runtime client does not send."""


@dataclass(frozen=True)
class Message:
    kind: bytes
    number: int
    body: bytes


class Line:
    """One thread or greenlet at a time may invoke; any thread may end or close the line meanwhile."""

    def __init__(self, connection: socket.socket) -> None:
        self.is_ready = False
        """Whether the process is initialized and takes invocations from the line."""
        self._socket = connection
        self._received = bytearray()
        self._number = 0
        """The number of the last invocation. An answer to an earlier one settles nothing."""
        self._in_use, self._ending = threading.Lock(), threading.Lock()

    def fileno(self) -> int:
        return self._socket.fileno()

    def first_message(self) -> Message | None:
        """Return what the process says when it is initialized, or None if that has not arrived. LineEnded."""
        with suppress(BlockingIOError):
            self._receive(socket.MSG_DONTWAIT)
        size_bytes = self._size_bytes()
        return self._take(size_bytes) if size_bytes and len(self._received) >= size_bytes else None

    def invoke(self, invocation: Invocation, timeout_s: float) -> Outcome:
        """Hand the invocation over, and return the answer. TimeoutError, LineEnded, ResponseTooLarge."""
        deadline = time.monotonic() + timeout_s
        with self._in_use:
            self._number += 1
            try:
                self._send(event(self._number, invocation), deadline)
                return self._answer(deadline)
            except BlockingIOError:
                raise TimeoutError from None

    def end(self) -> None:
        """End the line for both sides, and wake whoever waits."""
        with self._ending, suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.end()
        with self._in_use, self._ending:
            self._socket.close()

    def _answer(self, deadline: float) -> Outcome:
        while True:
            while not (size_bytes := self._size_bytes()) or len(self._received) < size_bytes:
                self._wait_for_answer(deadline)
                self._receive()
            message = self._take(size_bytes)
            if message.number == self._number and message.kind in ANSWERS:
                return Outcome(message.body, is_error=message.kind == ERROR)

    def _size_bytes(self) -> int:
        """Return the size of the message that is arriving, or 0 if it is not known yet. LineEnded, ResponseTooLarge."""
        if len(self._received) < MESSAGE.size:
            return 0
        kind, _, body_bytes = MESSAGE.unpack_from(self._received)
        if kind not in KINDS:
            self.end()
            raise LineEnded(f"a message of the kind {kind!r}")
        if body_bytes > MAX_RESPONSE_BYTES:
            raise ResponseTooLarge(MAX_RESPONSE_BYTES)
        return int(MESSAGE.size + body_bytes)

    def _take(self, size_bytes: int) -> Message:
        kind, number, _ = MESSAGE.unpack_from(self._received)
        body = bytes(self._received[MESSAGE.size : size_bytes])
        del self._received[:size_bytes]
        return Message(kind, number, body)

    def _send(self, content: bytes, deadline: float) -> None:
        rest = memoryview(content)
        try:
            while rest:
                try:
                    rest = rest[self._socket.send(rest, socket.MSG_DONTWAIT) :]
                except BlockingIOError:
                    self._wait_for_room(deadline)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise LineEnded("the process has closed its line") from error

    def _receive(self, flags: int = 0) -> None:
        try:
            part = self._socket.recv(READ_BYTES, flags)
        except ConnectionResetError as error:
            raise LineEnded("the process has closed its line") from error
        if not part:
            raise LineEnded("the process has closed its line")
        self._received += part

    def _wait_for_room(self, deadline: float) -> None:
        """Wait until the process has read a part of a large event. TimeoutError.

        The kernel's own limit would begin anew with each part.
        """
        left_s = max(deadline - time.monotonic(), 0)
        if not (waits.writable(self._socket, left_s) if is_on_loop() else has_room(self._socket, left_s)):
            raise TimeoutError

    def _wait_for_answer(self, deadline: float) -> None:
        """On the event loop, wait for more of the answer; elsewhere, limit the next call, which waits. TimeoutError.

        The limit is the kernel's: Python's own needs another system call for each.
        """
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        if is_on_loop():
            if not waits.readable(self._socket, left_s):
                raise TimeoutError
            return
        limit_receiving(self._socket, max(left_s, SHORTEST_WAIT_S))


def has_room(connection: socket.socket, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return bool(poll.poll(timeout_s * 1000))


def event(number: int, invocation: Invocation) -> bytes:
    head = json.dumps(
        [
            invocation.request_id,
            invocation.trace_id,
            invocation.function_arn,
            invocation.deadline_ms,
            invocation.client_context,
        ]
    ).encode()
    return EVENT.pack(number, len(head), len(invocation.payload)) + head + invocation.payload
