"""As much HTTP/1.1 as the Runtime API's clients speak: bodies with a Content-Length, connections kept alive.

An answer is one write, so that neither Nagle's algorithm nor a delayed acknowledgement can hold half of it back.
"""

from asyncio import IncompleteReadError, StreamReader
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus


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
    """The connection's next request, or None when the client has left."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        method, path, _ = request_line.split(" ")
        headers = dict(header(line) for line in lines if line)
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    except (IncompleteReadError, ConnectionError):
        return None
    return Request(method, path, headers, body)


def header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
