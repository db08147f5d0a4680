"""Answers as bytes of HTTP/1, written to the socket as their parts come.

The head goes with the first part: an answer of one part is one write.
"""

from __future__ import annotations

import logging
from socket import socket

from localstack_plugin.gateway.http_server.messages import Answer, Disconnected, Headers, RequestHead
from localstack_plugin.http_date import http_date

SERVER = "LocalStack"
OWN_HEADERS = frozenset({"server", "date", "transfer-encoding"})
"""Headers that the server sets itself: the application's are dropped."""
JOINED_MAX_BYTES = 1 << 16
"""A longer part is sent by itself rather than copied behind the head."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
MALFORMED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
log = logging.getLogger(__name__)


def write(connection: socket, head: RequestHead, answer: Answer) -> bool:
    """Write the answer; return whether the connection may carry another request. The caller closes the answer.

    Raises Disconnected. An answer whose parts fail breaks off, so that the client notices.
    """
    writer = _Writer(connection, head, answer)
    try:
        return writer.write_all()
    except Disconnected:
        raise
    except Exception:  # the edge of a request
        log.exception("the answer to %s %s broke off", head.method, head.target)
        if not writer.has_begun:
            send(connection, BROKEN)
        return False


def send(connection: socket, content: bytes) -> None:
    try:
        connection.sendall(content)
    except OSError as error:  # among them the time limit
        raise Disconnected(str(error)) from error


class _Writer:
    def __init__(self, connection: socket, head: RequestHead, answer: Answer) -> None:
        self._connection, self._answer = connection, answer
        self._has_body = answer.has_body(head.method)
        self._missing_bytes = answer.content_length
        self._is_chunked = self._has_body and self._missing_bytes is None and head.version == "HTTP/1.1"
        self._head = head
        self._unsent = b""
        """The head until it is sent."""
        self.has_begun = False

    def write_all(self) -> bool:
        self._unsent = _head_of(self._head, self._answer, self._is_chunked)
        if self._has_body:
            for part in self._answer.parts:
                if part:
                    self._write(part)
        rest = self._unsent + b"0\r\n\r\n" if self._is_chunked else self._unsent
        if rest:
            self._unsent = b""
            self._send(rest)
        is_complete = not self._has_body or self._is_chunked or self._missing_bytes == 0
        return self._head.keeps_open and is_complete

    def _write(self, part: bytes) -> None:
        if self._missing_bytes is not None:
            self._missing_bytes -= len(part)
        if self._is_chunked:
            part = b"%x\r\n%b\r\n" % (len(part), part)
        head, self._unsent = self._unsent, b""
        if head and len(part) > JOINED_MAX_BYTES:
            self._send(head)
            head = b""
        self._send(head + part if head else part)

    def _send(self, content: bytes) -> None:
        self.has_begun = True
        send(self._connection, content)


def headers_of(answer: Answer) -> Headers:
    """Return the headers to send: the server's own, and those of the application."""
    given = [header for header in answer.headers if header[0].lower() not in OWN_HEADERS]
    return [("Server", SERVER), ("Date", http_date()), *given]


def plain(status: str, headers: Headers, body: bytes) -> bytes:
    """Return an answer with these headers and no others."""
    return _joined([f"HTTP/1.1 {status}", *_lines(headers)]) + body


def _head_of(head: RequestHead, answer: Answer, is_chunked: bool) -> bytes:
    lines = [f"{head.version} {answer.status}"]
    if head.version == "HTTP/1.1" and not head.keeps_open:
        lines.append("Connection: close")
    lines += _lines(headers_of(answer))
    if is_chunked:
        lines.append("Transfer-Encoding: chunked")
    return _joined(lines)


def _lines(headers: Headers) -> list[str]:
    """Return one line for each header: a line break in a value would begin another."""
    lines = [f"{name}: {value}" for name, value in headers]
    return [" ".join(line.splitlines()) if "\n" in line or "\r" in line else line for line in lines]


def _joined(lines: list[str]) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
