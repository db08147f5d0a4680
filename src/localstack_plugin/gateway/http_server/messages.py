"""The parts of an HTTP message that the modules of the server hand to each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

Headers = list[tuple[str, str]]
Address = tuple[str, int]

WITHOUT_BODY = frozenset({"204", "304"})
"""Statuses whose answers have no body, as have those of 1xx."""


class MalformedRequestError(ValueError):
    """The client does not speak HTTP. Nothing that follows on its connection can be read."""


class Disconnected(ConnectionError):
    """The client has closed the connection or has sent nothing for too long: nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A request without its body. The names of its headers are spelled as received."""

    method: str
    target: str
    version: str
    """HTTP/1.0, HTTP/1.1 or HTTP/2."""
    headers: Headers
    keeps_open: bool
    """Whether the connection may carry another request."""
    expects_continue: bool = False
    """Whether the client waits for a 100 before it sends the body."""


@dataclass(frozen=True, slots=True)
class Request:
    head: RequestHead
    body: BinaryIO
    """At its beginning, and complete."""
    peer: Address
    own: Address


@dataclass(frozen=True, slots=True)
class Answer:
    status: str
    """With its reason, such as "200 OK"."""
    headers: Headers
    parts: Iterable[bytes]
    """The body. If it has a method `close`, that is called at the end, as in WSGI."""
    is_at_hand: bool = False
    """Whether the parts are in memory. If not, it may take long to get them."""

    def has_body(self, method: str) -> bool:
        code = self.status[:3]
        return method != "HEAD" and code not in WITHOUT_BODY and code[0] != "1"

    @property
    def content_length(self) -> int | None:
        """The length that the headers give, if they give one."""
        lengths = [value for name, value in self.headers if name.lower() == "content-length"]
        is_number = len(lengths) == 1 and lengths[0].isascii() and lengths[0].isdecimal()
        return int(lengths[0]) if is_number else None

    def close(self) -> None:
        close = getattr(self.parts, "close", None)
        if close is not None:
            close()


Application = Callable[[Request], Answer]


def grouped(headers: Headers) -> Headers:
    """Return the headers, those of one name together and spelled as the first of them.

    AWS does so when a client sends a header several times with different spelling.
    """
    names: dict[str, tuple[str, list[str]]] = {}
    for name, value in headers:
        names.setdefault(name.lower(), (name, []))[1].append(value)
    if len(names) == len(headers):
        return headers
    return [(name, value) for name, values in names.values() for value in values]
