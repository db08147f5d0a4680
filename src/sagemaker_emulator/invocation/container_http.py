"""HTTP/1.1 to containers over connections that are kept open.

InvokeEndpoint must add little to a container's own answer, so little happens here: a request is one write, one timer
and no task.

Stages of a request:

1. `Connections.send` takes an idle connection to the container, the one used last, or opens one. If nothing listens, it
   raises CannotConnect: the container cannot have seen the request, so the caller may try another instance.
2. `Connection.ask` starts the timer for the whole exchange and writes head and body in one go. A body that is a file is
   sent block by block instead, no faster than the container reads it.
3. `ask` returns when the head of the answer has arrived. `status` and `headers` are then set.
4. The caller reads the body, with `read` or chunk by chunk with `chunks`.
5. The caller calls `release`. If the answer was read to its end and the container keeps the connection open, the next
   request may use it; otherwise it is closed. `close` gives it up at any time.

Everything runs on one event loop, so there are no locks. asyncio calls `connection_made`, `data_received`,
`connection_lost`, `pause_writing` and `resume_writing`; the parser (httptools) calls the `on_` methods, from within
`data_received`. They record what happened and wake the one coroutine that waits in `_wait_for_progress`.

Back pressure works both ways. When the container writes faster than the caller reads, more than UNREAD_MAX_BYTES pause
the reading, and the rest waits in the container. When the container reads slowly, `_writable` is cleared and `_send`
waits; if the answer is complete before the file has been sent, the rest of the file is not sent.

Invariants:

- A connection carries one request at a time. Bytes that arrive while none is in progress close the connection.
- The first error wins (`_fail`): it aborts the connection, and every later wait raises it. Such a connection is never
  used again.
- A connection is in `Connections._idle` exactly while no request has it and it is open.
- Idle connections are closed after KEPT_S, before the container would close them: a request that meets a closing
  connection could not be repeated safely, because the container may have seen it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Mapping
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import httptools

KEPT_S = 4.0  # shorter than servers keep idle connections: the most common default is 5 seconds
UNREAD_MAX_BYTES = 1 << 20  # with more unread bytes than this, reading pauses
HEAD_MAX_BYTES = 64 << 10
CHUNK_OVERHEAD = 16  # bytes that an answer may spend, with its chunks' sizes, on one byte of its body
BLOCK_BYTES = 1 << 18
NOT_HTTP = (httptools.HttpParserError, httptools.HttpParserUpgrade)

Body = bytes | BinaryIO


class CannotConnect(ConnectionError):
    """Nothing listens there: the container has not seen the request."""


class BrokenAnswer(ConnectionError):
    """The answer is not an HTTP response, or not a complete one."""


class AnswerTooLarge(BrokenAnswer):
    """The body of the answer is larger than the reader takes. The text ends with the limit."""


class Connections:
    """The idle connections, by address. The one used last is used next."""

    def __init__(self) -> None:
        self._idle: dict[str, list[Connection]] = defaultdict(list)

    async def post(self, url: str, headers: Mapping[str, str], body: Body, timeout_s: float) -> Connection:
        """Send a POST, as `send` does."""
        return await self.send("POST", url, headers, body, timeout_s)

    async def send(self, method: str, url: str, headers: Mapping[str, str], body: Body, timeout_s: float) -> Connection:
        """Send a request and return when the head of the answer has arrived. `timeout_s` covers the whole answer.

        Raises CannotConnect, BrokenAnswer or TimeoutError.
        """
        address = urlsplit(url)
        deadline = asyncio.get_running_loop().time() + timeout_s
        connection = self._kept(address.netloc) or await self._connect(address.netloc, deadline)
        size_bytes = len(body) if isinstance(body, bytes) else os.fstat(body.fileno()).st_size
        lines = [f"{method} {address.path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {size_bytes}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        try:
            await connection.ask("\r\n".join([*lines, "", ""]).encode(errors="surrogateescape"), body, deadline)
        except BaseException:  # also when the caller is cancelled: the connection is in an unknown state
            connection.close()
            raise
        return connection

    def close(self) -> None:
        for connection in [one for idle in self._idle.values() for one in idle]:
            connection.close()

    def keep(self, connection: Connection) -> None:
        connection.idle_since = time.monotonic()
        self._idle[connection.address].append(connection)

    def forget(self, connection: Connection) -> None:
        idle = self._idle[connection.address]
        if connection in idle:
            idle.remove(connection)
        if not idle:
            del self._idle[connection.address]

    def _kept(self, address: str) -> Connection | None:
        idle = self._idle.get(address, [])
        while idle and idle[0].idle_since < time.monotonic() - KEPT_S:
            idle.pop(0).close()
        return idle.pop() if idle else None

    async def _connect(self, address: str, deadline: float) -> Connection:
        host, _, port = address.rpartition(":")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(deadline):
                return (await loop.create_connection(lambda: Connection(self, address), host, int(port)))[1]
        except TimeoutError:
            raise
        except OSError as error:
            raise CannotConnect(str(error)) from error


class Connection(asyncio.Protocol):
    """One connection to a container, and the answer to its current request. The caller reads the answer, all of it or
    not, and then calls `release` or `close`.
    """

    def __init__(self, pool: Connections, address: str) -> None:
        self.address, self.idle_since = address, 0.0
        self.status = 0
        self.headers: dict[str, str] = {}  # names are in lower case
        self._pool = pool
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._chunks: list[bytes] = []
        self._unread_bytes = self._spare_bytes = 0
        self._is_asked = self._is_sent = self._is_complete = self._is_paused = self._is_kept_alive = False
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._error: Exception | None = None

    async def ask(self, head: bytes, body: Body, deadline: float) -> None:
        """Send a request and wait for the head of its answer. `deadline` is in the event loop's time."""
        self.status, self.headers, self._spare_bytes = 0, {}, HEAD_MAX_BYTES
        self._is_complete, self._is_asked = False, True
        self._timer = asyncio.get_running_loop().call_at(deadline, self._fail, TimeoutError())
        if isinstance(body, bytes):
            self._write(head + body)
        else:
            await self._send(head, body)
        while not self.status:
            await self._wait_for_progress()

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole body. AnswerTooLarge for one of more than `limit_bytes`, of which no more is read."""
        if int(self.headers.get("content-length", "0")) > limit_bytes:
            raise AnswerTooLarge(f"its answer has more than {limit_bytes} bytes")
        chunks, size = [], 0
        async for chunk in self.chunks():
            size += len(chunk)
            if size > limit_bytes:
                raise AnswerTooLarge(f"its answer has more than {limit_bytes} bytes")
            chunks.append(chunk)
        return b"".join(chunks)

    async def read_beginning(self, size_bytes: int) -> bytes:
        """Return the first bytes of the body, at most `size_bytes`."""
        beginning = b""
        async for chunk in self.chunks():
            beginning += chunk[: size_bytes - len(beginning)]
            if len(beginning) == size_bytes:
                break
        return beginning

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it arrives. Raise BrokenAnswer or TimeoutError if it is incomplete."""
        while self._chunks or not self._is_complete:
            if not self._chunks:
                await self._wait_for_progress()
                continue
            chunk = b"".join(self._chunks)
            self._chunks, self._unread_bytes = [], 0
            if self._is_paused and self._transport:
                self._transport.resume_reading()
            self._is_paused = False
            yield chunk

    def release(self) -> None:
        """Offer the connection to the next request if the answer was read to its end; close it otherwise."""
        if not (self._is_complete and self._is_sent and self._is_kept_alive and self._transport) or self._chunks:
            self.close()
            return
        self._forget_request()
        self._pool.keep(self)

    def close(self) -> None:
        self._forget_request()
        if self._transport:
            self._transport.abort()

    async def _send(self, head: bytes, body: BinaryIO) -> None:
        """Send a file, no faster than the container reads it. Stop if the answer is complete before its end."""
        self._is_sent = False
        self._write(head)
        while block := await asyncio.to_thread(body.read, BLOCK_BYTES):
            await self._writable.wait()
            if self._is_complete or self._error:
                return
            self._write(block)
        self._is_sent = True

    def _write(self, data: bytes) -> None:
        self._is_sent = True
        if self._transport:
            self._transport.write(data)
        else:
            self._fail(BrokenAnswer("it closed the connection"))

    async def _wait_for_progress(self) -> None:
        """Return after the next callback of the connection or the parser. Raises the connection's error, if any."""
        if self._error is None:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error:
            raise self._error

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._writable.set()
        self._wake()
        if self._transport:
            self._transport.abort()

    def _forget_request(self) -> None:
        self._is_asked = False
        if self._timer:
            self._timer.cancel()

    # ---- called by asyncio ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        if not self._is_asked:  # no request is in progress
            self.close()
            return
        self._spare_bytes -= len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._fail(BrokenAnswer(str(error.__context__)))
        except NOT_HTTP as error:
            self._fail(BrokenAnswer(f"it is not HTTP: {error}"))
        if self._spare_bytes < 0:  # the parser gathers a long name or value to its end before it calls `on_header`
            self._fail(BrokenAnswer(f"the head of its answer has more than {HEAD_MAX_BYTES} bytes"))
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._pool.forget(self)
        if not self._is_asked or self._is_complete:
            return
        if self.status and not self.headers.keys() & {"content-length", "transfer-encoding"}:
            self._is_complete = True  # without a length, the end of the connection is the end of the body
            self._wake()
        else:
            self._fail(BrokenAnswer(str(error or "it closed the connection before the end of its answer")))

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # ---- called by the parser ----

    def on_message_begin(self) -> None:
        if self._is_complete:
            raise BrokenAnswer("it answered twice")

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode(errors="surrogateescape")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._is_kept_alive = self._parser.should_keep_alive()
        if status >= 200:
            self.status = status
        else:
            self.headers = {}  # 100 Continue: the answer proper follows

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)
        self._unread_bytes += len(data)
        self._spare_bytes = min(HEAD_MAX_BYTES, self._spare_bytes + len(data) * CHUNK_OVERHEAD)
        if self._unread_bytes > UNREAD_MAX_BYTES and not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        self._is_complete = self.status > 0
        if not self._is_sent:
            self._writable.set()  # the container does not want the rest of the request
