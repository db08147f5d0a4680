"""HTTP/1.1 to containers over connections that are kept. InvokeEndpoint adds little to a container's own answer because
little happens here: a request is one write, one timer and no task.
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

KEPT_S = 4.0  # less than a server keeps an idle connection: the commonest default is 5 seconds
UNREAD_MAX_BYTES = 1 << 20  # what its reader does not keep up with waits in the container
HEAD_MAX_BYTES = 64 << 10
BLOCK_BYTES = 1 << 18
NOT_HTTP = (httptools.HttpParserError, httptools.HttpParserUpgrade)

Body = bytes | BinaryIO


class CannotConnect(ConnectionError):
    """Nothing listens there: the container has not seen the request."""


class BrokenAnswer(ConnectionError):
    """What came back is not an HTTP response, or not a whole one."""


class Connections:
    """Runs on one event loop. The connection that was used last is used next."""

    def __init__(self) -> None:
        self._idle: dict[str, list[Connection]] = defaultdict(list)

    async def post(self, url: str, headers: Mapping[str, str], body: Body, timeout_s: float) -> Connection:
        """Returns when the head of the answer is there; `timeout_s` is for all of it. CannotConnect, BrokenAnswer or
        TimeoutError.
        """
        address = urlsplit(url)
        deadline = asyncio.get_running_loop().time() + timeout_s
        connection = self._kept(address.netloc) or await self._connect(address.netloc, deadline)
        size_bytes = len(body) if isinstance(body, bytes) else os.fstat(body.fileno()).st_size
        lines = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {size_bytes}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        try:
            await connection.ask("\r\n".join([*lines, "", ""]).encode(errors="surrogateescape"), body, deadline)
        except BaseException:
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
    """One connection to a container, and the answer to the request that it carries at the moment. Whoever has it
    reads the answer, then lets it go: to its end or not.
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
        self._unread_bytes = self._head_bytes = 0
        self._is_asked = self._is_sent = self._is_complete = self._is_paused = self._is_kept_alive = False
        self._waiter: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._error: Exception | None = None

    async def ask(self, head: bytes, body: Body, deadline: float) -> None:
        self.status, self.headers, self._head_bytes = 0, {}, 0
        self._is_complete, self._is_asked = False, True
        self._timer = asyncio.get_running_loop().call_at(deadline, self._fail, TimeoutError())
        if isinstance(body, bytes):
            self._write(head + body)
        else:
            await self._send(head, body)
        while not self.status:
            await self._more()

    async def read(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body as it comes. BrokenAnswer or TimeoutError when its end does not."""
        while self._chunks or not self._is_complete:
            if not self._chunks:
                await self._more()
                continue
            chunk = b"".join(self._chunks)
            self._chunks, self._unread_bytes = [], 0
            if self._is_paused and self._transport:
                self._transport.resume_reading()
            self._is_paused = False
            yield chunk

    def release(self) -> None:
        """For the next request, if the answer was read to its end."""
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
        """A file, no faster than it is taken; not to its end when the answer is there before."""
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

    async def _more(self) -> None:
        """Until something has happened."""
        if self._error is None:
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        if self._error:
            raise self._error

    def _happened(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._error = self._error or error
        self._writable.set()
        self._happened()
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
        if not self._is_asked:  # nobody waits for it
            self.close()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            self._fail(BrokenAnswer(str(error.__context__)))
        except NOT_HTTP as error:
            self._fail(BrokenAnswer(f"it is not HTTP: {error}"))
        self._happened()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._pool.forget(self)
        if not self._is_asked or self._is_complete:
            return
        if self.status and not self.headers.keys() & {"content-length", "transfer-encoding"}:
            self._is_complete = True  # the end of the connection is the end of such a body
            self._happened()
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
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > HEAD_MAX_BYTES:
            raise BrokenAnswer(f"the head of its answer has more than {HEAD_MAX_BYTES} bytes")
        self.headers[name.decode("latin-1").lower()] = value.decode(errors="surrogateescape")

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._is_kept_alive = self._parser.should_keep_alive()
        if status >= 200:
            self.status = status
        else:
            self.headers = {}  # 100 Continue: the answer is still to come

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)
        self._unread_bytes += len(data)
        if self._unread_bytes > UNREAD_MAX_BYTES and not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        self._is_complete = self.status > 0
        if not self._is_sent:
            self._writable.set()  # what is left of the request is not wanted
