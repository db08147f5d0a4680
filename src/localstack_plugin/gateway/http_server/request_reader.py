"""Requests from the bytes of a connection, by llhttp, the parser of Node.js (httptools).

The parser is fed with what the socket has and calls the `on_` methods. They record events: a head, the parts of its
body, its end, and then those of the next request if the client does not wait for answers. `head` and `body` take them
in this order, and read from the socket when there are none.
"""

from __future__ import annotations

import socket
from collections import deque
from typing import BinaryIO

import httptools

from localstack_plugin.gateway.http_server.messages import (
    Disconnected,
    Headers,
    MalformedRequestError,
    RequestHead,
    grouped,
)
from localstack_plugin.gateway.http_server.request_body import RequestBody

READ_BYTES = 1 << 16
READ_BYTES_OF_BODY = 1 << 18
HEAD_MAX_BYTES = 1 << 16
"""Of a head, and of the trailers of a body. What is read with its last part is not counted."""
VERSIONS = frozenset({"1.0", "1.1"})
FRAMING = frozenset({"content-length", "transfer-encoding"})

RawHead = tuple[bytes, bytes, str, list[tuple[bytes, bytes]]]
"""Method, target, version and headers."""


class End:
    """The end of a request."""


END = End()
Event = RawHead | bytes | End | MalformedRequestError


class RequestReader:
    """The requests of one connection. The socket is a blocking one, with a time limit for receiving."""

    def __init__(self, connection: socket.socket, received: bytes = b"") -> None:
        self._connection = connection
        self._parser = httptools.HttpRequestParser(self)
        self._events: deque[Event] = deque()
        self._bytes_since_event = 0
        self._is_body_alone = False
        self._begin()
        if received:
            self._feed(received)

    def head(self) -> RequestHead:
        """Return the next head. Raises MalformedRequestError or Disconnected."""
        event = self._next(READ_BYTES)
        assert isinstance(event, tuple)
        return _checked(*event)

    @property
    def has_more(self) -> bool:
        """Whether more has been read than the last event taken."""
        return bool(self._events)

    def body(self) -> BinaryIO:
        """Read the whole body of the last head. Raises as `head`, and OSError where the disk is full."""
        body = RequestBody()
        try:
            while isinstance(part := self._next(READ_BYTES_OF_BODY), bytes):
                body.write(part)
        except BaseException:
            body.close()
            raise
        return body.complete()

    def drop_body(self, limit_bytes: int) -> None:
        """Read the body of the last head, at most the first `limit_bytes`, and forget it."""
        dropped = 0
        while dropped < limit_bytes and isinstance(part := self._next(READ_BYTES_OF_BODY), bytes):
            dropped += len(part)

    def _next(self, read_bytes: int) -> RawHead | bytes | End:
        while not self._events:
            self._receive(read_bytes)
        event = self._events.popleft()
        if isinstance(event, MalformedRequestError):
            raise event
        return event

    def _receive(self, read_bytes: int) -> None:
        try:
            data = self._connection.recv(read_bytes)
        except OSError as error:  # among them the time limit
            raise Disconnected(str(error)) from error
        if not data:
            raise Disconnected("the client has closed the connection")
        self._bytes_since_event += len(data)
        self._feed(data)
        if self._events:
            self._bytes_since_event = 0
        elif self._bytes_since_event > HEAD_MAX_BYTES:
            raise MalformedRequestError(f"a head has more than {HEAD_MAX_BYTES} bytes")

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self._parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                self._ignore_upgrade()
            except httptools.HttpParserError as error:
                self._events.append(MalformedRequestError(str(error)))
                return
            else:
                return

    def _ignore_upgrade(self) -> None:
        """Go on in HTTP/1, as a server may that supports no other protocol (RFC 9110, 7.8).

        The parser ends a request that asks for an upgrade with its head, although it may have a body. So the body is
        parsed behind another head, which asks for nothing.
        """
        self._events.pop()  # its end
        _, _, _, headers = next(event for event in reversed(self._events) if isinstance(event, tuple))
        framing = [b"%s: %s\r\n" % header for header in headers if header[0].decode("latin-1").lower() in FRAMING]
        self._parser = httptools.HttpRequestParser(self)
        self._is_body_alone = True
        self._feed(b"POST / HTTP/1.1\r\n%s\r\n" % b"".join(framing))

    def _begin(self) -> None:
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []

    def on_message_begin(self) -> None:
        self._begin()

    def on_url(self, part: bytes) -> None:
        self._target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._is_body_alone:
            self._is_body_alone = False
        else:
            parser = self._parser
            self._events.append((parser.get_method(), self._target, parser.get_http_version(), self._headers))
        self._begin()  # trailers, which nobody looks at, must not become headers

    def on_body(self, part: bytes) -> None:
        self._events.append(part)

    def on_message_complete(self) -> None:
        self._events.append(END)


def _checked(method: bytes, target: bytes, version: str, headers: list[tuple[bytes, bytes]]) -> RequestHead:
    if version not in VERSIONS:
        raise MalformedRequestError(f"HTTP/{version} is not spoken here")
    fields: Headers = [(name.decode("latin-1"), value.decode("latin-1").rstrip(" \t")) for name, value in headers]
    wishes: dict[str, str] = {name.lower(): value.lower() for name, value in fields}
    if "transfer-encoding" in wishes and not all(_is_chunked(*field) for field in fields):
        raise MalformedRequestError("a body can be chunked, and not encoded in another way")
    is_newest = version == "1.1"
    return RequestHead(
        method.decode("ascii"),
        target.decode("ascii"),  # the parser takes no other letters
        f"HTTP/{version}",
        fields if len(wishes) == len(fields) else grouped(fields),
        keeps_open=is_newest and "close" not in _tokens(wishes.get("connection", "")),
        expects_continue=is_newest and wishes.get("expect") == "100-continue",
    )


def _is_chunked(name: str, value: str) -> bool:
    """Return False for a header that encodes the body in another way. The parser checks the last one only."""
    return name.lower() != "transfer-encoding" or value.lower() == "chunked"


def _tokens(value: str) -> list[str]:
    return [token.strip() for token in value.split(",")]
