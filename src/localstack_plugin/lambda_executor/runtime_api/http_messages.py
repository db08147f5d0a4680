"""As much HTTP/1.1 as the Runtime API's clients speak: bodies with a Content-Length, connections kept alive.

An answer is one write, so that neither Nagle's algorithm nor a delayed acknowledgement can hold half of it back.
"""

from asyncio import IncompleteReadError, LimitOverrunError, StreamReader
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

BODY_LIMIT_BYTES = 7 * 1024 * 1024
"""Above the Runtime API's own limit, so that it can say that a response is too large; what is beyond is not kept."""
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True)
class Response:
    status: HTTPStatus
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


async def read_request(reader: StreamReader) -> Request | None:
    """The connection's next request, or None when the client has left, or sends what is no HTTP."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = request_line.split(" ")
        headers = dict(header(line) for line in lines if line)
        body = await read_body(reader, int(headers.get("content-length", 0)))
    except (IncompleteReadError, LimitOverrunError, ConnectionError, ValueError):
        return None
    return Request(method, path, headers, body)


async def read_body(reader: StreamReader, length: int) -> bytes:
    """All of it, or as much as shows that it is too large."""
    body = await reader.readexactly(min(length, BODY_LIMIT_BYTES))
    beyond = length - len(body)
    while beyond > 0:
        beyond -= len(await reader.readexactly(min(beyond, CHUNK_BYTES)))
    return body


def header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
