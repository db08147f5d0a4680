"""The part of HTTP/1.1 that clients of the Runtime API use: bodies with a Content-Length, on kept-alive connections.

An answer is sent in one write, so that Nagle's algorithm and delayed acknowledgments cannot hold half of it back.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

BODY_LIMIT_BYTES = 7 * 1024 * 1024
"""Above the Runtime API's own limit, so that the API can refuse a larger response. The rest is read and dropped."""
HEAD_LIMIT_BYTES = 2 * 1024 * 1024
"""The X-Ray cause of an error travels in a header of up to 1 MiB."""
MOST_DIGITS = 18
"""Of a Content-Length."""
HEAD_END = b"\r\n\r\n"


class MalformedRequestError(ValueError):
    """The client does not speak HTTP as the Runtime API's clients do. Nothing that follows can be read."""


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


class RequestReader:
    """The requests of one connection, from its bytes as they arrive."""

    def __init__(self, head_limit_bytes: int = HEAD_LIMIT_BYTES) -> None:
        self._head_limit_bytes = head_limit_bytes
        self._received = bytearray()
        self._searched_bytes = 0
        self._head: Request | None = None
        """The request whose body has not arrived completely."""
        self._body_bytes = self._beyond_bytes = 0

    def feed(self, data: bytes) -> None:
        """Add bytes; drop those of a body beyond BODY_LIMIT_BYTES."""
        self._received += data
        if self._head is not None and self._beyond_bytes:
            self._drop_beyond()

    def requests(self) -> Iterator[Request]:
        """Yield each request that has arrived completely. Raises MalformedRequestError."""
        while (self._head or self._read_head()) and (request := self._read_body()):
            yield request

    def _read_head(self) -> bool:
        end = self._received.find(HEAD_END, self._searched_bytes)
        if max(end, len(self._received) if end < 0 else 0) > self._head_limit_bytes:
            raise MalformedRequestError(f"the head of a request has more than {self._head_limit_bytes} bytes")
        if end < 0:
            self._searched_bytes = max(0, len(self._received) - len(HEAD_END) + 1)
            return False
        self._head = parse_head(bytes(self._received[:end]))
        del self._received[: end + len(HEAD_END)]
        self._searched_bytes = 0
        length = content_length(self._head)
        self._body_bytes = min(length, BODY_LIMIT_BYTES)
        self._beyond_bytes = length - self._body_bytes
        self._drop_beyond()
        return True

    def _read_body(self) -> Request | None:
        if len(self._received) < self._body_bytes or self._beyond_bytes:
            return None
        head, self._head = self._head, None
        assert head is not None
        body = bytes(self._received[: self._body_bytes])
        del self._received[: self._body_bytes]
        return Request(head.method, head.path, head.headers, body, head.fields)

    def _drop_beyond(self) -> None:
        dropped = min(self._beyond_bytes, max(0, len(self._received) - self._body_bytes))
        del self._received[self._body_bytes : self._body_bytes + dropped]
        self._beyond_bytes -= dropped


def parse_head(head: bytes) -> Request:
    request_line, *lines = head.decode("latin-1").split("\r\n")
    try:
        method, path, _ = request_line.split(" ")
    except ValueError:
        raise MalformedRequestError("the request line is not a method, a path and a version") from None
    fields = tuple(parse_header(line) for line in lines if line)
    return Request(method, path, dict(fields), b"", fields)


def content_length(head: Request) -> int:
    length = head.headers.get("content-length", "0")
    if not (length.isascii() and length.isdecimal() and len(length) <= MOST_DIGITS):
        raise MalformedRequestError("Content-Length is not the length of a body")
    return int(length)


def parse_header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()
