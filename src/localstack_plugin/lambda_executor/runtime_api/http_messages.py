"""The part of HTTP/1.1 that clients of the Runtime API use: bodies with a Content-Length, on kept-alive connections.

An answer is sent in one write, so that Nagle's algorithm and delayed acknowledgments cannot hold half of it back.
"""

from asyncio import IncompleteReadError, LimitOverrunError, StreamReader
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

BODY_LIMIT_BYTES = 7 * 1024 * 1024
"""Above the Runtime API's own limit, so that the API can refuse a larger response. The rest is read and dropped."""
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    fields: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """The headers as received; a name may occur several times."""


@dataclass(frozen=True)
class Response:
    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


async def read_request(reader: StreamReader) -> Request | None:
    """Return the connection's next request; None when the client has left or does not speak HTTP."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = request_line.split(" ")
        fields = tuple(parse_header(line) for line in lines if line)
        headers = dict(fields)
        body = await read_body(reader, int(headers.get("content-length", 0)))
    except (IncompleteReadError, LimitOverrunError, ConnectionError, ValueError):
        return None
    return Request(method, path, headers, body, fields)


async def read_body(reader: StreamReader, length: int) -> bytes:
    """Return the body, cut at BODY_LIMIT_BYTES."""
    body = await reader.readexactly(min(length, BODY_LIMIT_BYTES))
    beyond = length - len(body)
    while beyond > 0:
        beyond -= len(await reader.readexactly(min(beyond, CHUNK_BYTES)))
    return body


def parse_header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
