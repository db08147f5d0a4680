"""Attacks as bytes: for each port one request that would act, and the ways to disguise it."""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, replace

TIMEOUT_S = 60.0
EVIL = "evil.example"
H2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS_FRAME, SETTINGS_FRAME, END_OF_STREAM_AND_HEADERS = 1, 4, 0x5


@dataclass(frozen=True)
class RawRequest:
    """An HTTP/1 request, written unchanged."""

    port: int
    method: str
    target: str
    headers: tuple[str, ...]
    body: str = ""
    hosts: tuple[str, ...] | None = None
    version: str = "HTTP/1.1"

    def to_bytes(self) -> bytes:
        hosts = (f"Host: 127.0.0.1:{self.port}",) if self.hosts is None else self.hosts
        length = (f"Content-Length: {len(self.body)}",) if self.body else ()
        head = [f"{self.method} {self.target} {self.version}", *hosts, *self.headers, *length, "", ""]
        return ("\r\n".join(head) + self.body).encode("utf-8")

    def hosted(self, *hosts: str) -> RawRequest:
        return replace(self, hosts=tuple(f"Host: {host}" for host in hosts))

    def with_headers(self, *headers: str) -> RawRequest:
        return replace(self, headers=self.headers + headers)


def create_queue(port: int, name: str) -> RawRequest:
    form = "Content-Type: application/x-www-form-urlencoded"
    return RawRequest(port, "POST", "/", (form,), f"Action=CreateQueue&QueueName={name}&Version=2012-11-05")


def create_group(port: int, name: str) -> RawRequest:
    headers = ("Content-Type: text/plain", "X-Amz-Target: SageMaker.CreateModelPackageGroup")
    return RawRequest(port, "POST", "/", headers, f'{{"ModelPackageGroupName": "{name}"}}')


def answer_an_invocation(port: int, name: str) -> RawRequest:
    return RawRequest(port, "POST", f"/2018-06-01/runtime/invocation/{name}/response", (), '"answered"')


def _without_slash(request: RawRequest, prefix: str) -> RawRequest:
    return replace(request, target=prefix + request.target)


Disguise = Callable[[RawRequest], RawRequest]
DISGUISES: dict[str, Disguise] = {
    "a rebound name": lambda r: r.hosted(f"{EVIL}:{r.port}"),
    "a rebound name without port": lambda r: r.hosted(EVIL),
    "a rebound name with a dot at its end": lambda r: r.hosted(f"{EVIL}.:{r.port}"),
    "a rebound name in capitals": lambda r: r.hosted(f"EVIL.EXAMPLE:{r.port}"),
    "HTTP/1.0 with a rebound name": lambda r: replace(r.hosted(EVIL), version="HTTP/1.0"),
    "every interface": lambda r: r.hosted(f"0.0.0.0:{r.port}"),
    "a name that begins as the address": lambda r: r.hosted(f"127.0.0.1.{EVIL}"),
    "a name that begins as localhost": lambda r: r.hosted(f"localhost.{EVIL}"),
    "a name that ends as localhost": lambda r: r.hosted("evillocalhost"),
    "a user name before the address": lambda r: r.hosted(f"{EVIL}@127.0.0.1:{r.port}"),
    "a fragment in the host": lambda r: r.hosted(f"{EVIL}#.localhost"),
    "a path in the host": lambda r: r.hosted(f"{EVIL}/.localhost"),
    "a list of hosts": lambda r: r.hosted(f"{EVIL}, 127.0.0.1"),
    "a port that is not a number": lambda r: r.hosted("127.0.0.1:99999"),
    "two ports": lambda r: r.hosted(f"{EVIL}:80:{r.port}"),
    "a zone ID": lambda r: r.hosted(f"[::1%25lo]:{r.port}"),
    "two dots at the end": lambda r: r.hosted("localhost.."),
    "an empty host": lambda r: r.hosted(""),
    "letters beyond ASCII": lambda r: r.hosted("localho\u017ft"),
    "the good host, then the bad one": lambda r: r.hosted(f"127.0.0.1:{r.port}", EVIL),
    "the bad host, then the good one": lambda r: r.hosted(EVIL, f"127.0.0.1:{r.port}"),
    "a folded host": lambda r: replace(r, hosts=(f"Host: {EVIL}", " .localhost")),
    "a space before the colon": lambda r: replace(r, hosts=(f"Host: 127.0.0.1:{r.port}", f"Host : {EVIL}")),
    "a target with a bad host": lambda r: _without_slash(r, f"http://{EVIL}:{r.port}"),
    "a target with a good host, a bad header": lambda r: _without_slash(r.hosted(EVIL), f"http://127.0.0.1:{r.port}"),
    "X-Forwarded-Host": lambda r: r.hosted(EVIL).with_headers("X-Forwarded-Host: localhost"),
    "Forwarded": lambda r: r.hosted(EVIL).with_headers("Forwarded: host=localhost;proto=http"),
    "a foreign origin": lambda r: r.with_headers(f"Origin: http://{EVIL}"),
    "a foreign origin at our port": lambda r: r.with_headers(f"Origin: https://{EVIL}:{r.port}"),
    "an origin that begins as localhost": lambda r: r.with_headers(f"Origin: http://localhost.{EVIL}"),
    "the origin null": lambda r: r.with_headers("Origin: null"),
    "the origin of a file": lambda r: r.with_headers("Origin: file://"),
    "the origin of LocalStack's web app": lambda r: r.with_headers("Origin: https://app.localstack.cloud"),
    "an origin below LocalStack's public name": lambda r: r.with_headers(
        f"Origin: http://x.localhost.localstack.cloud:{r.port}"
    ),
    "the origin of an extension": lambda r: r.with_headers("Origin: chrome-extension://localhost"),
    "two origins": lambda r: r.with_headers("Origin: http://localhost", f"Origin: http://{EVIL}"),
    "a list of origins": lambda r: r.with_headers(f"Origin: http://localhost, http://{EVIL}"),
    "a foreign referer": lambda r: r.with_headers(f"Referer: http://{EVIL}/localhost"),
    "Sec-Fetch-Site alone": lambda r: r.with_headers("Sec-Fetch-Site: cross-site"),
    "Sec-Fetch-Site in capitals": lambda r: r.with_headers("SEC-FETCH-SITE: CROSS-SITE"),
    "a method override": lambda r: r.with_headers(f"Origin: http://{EVIL}", "X-HTTP-Method-Override: OPTIONS"),
    "an upgrade to WebSocket": lambda r: r.with_headers(
        f"Origin: http://{EVIL}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ),
    "an upgrade to HTTP/2": lambda r: r.hosted(EVIL).with_headers(
        "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"
    ),
    "Expect: 100-continue": lambda r: r.with_headers(f"Origin: http://{EVIL}", "Expect: 100-continue"),
}


def exchange(port: int, sent: bytes) -> bytes:
    """Send the bytes, and return everything that comes back until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        connection.sendall(sent)
        received = b""
        try:
            while chunk := connection.recv(65536):
                received += chunk
                if b"\r\n\r\n" in received:
                    connection.settimeout(1.0)  # the server has answered; the rest is an answer to a second request
        except (TimeoutError, ConnectionResetError):
            pass
    return received


def status_of(received: bytes) -> int | None:
    """The status of the first answer that is not an interim one; None when the server closed without an answer."""
    line = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n").partition(b"\r\n")[0]
    return int(line.split(b" ")[1]) if line else None


def h2_get(authority: str, path: str, *headers: tuple[str, str]) -> bytes:
    """An HTTP/2 request with prior knowledge. Its fields are literals, RFC 7541, 6.2.2."""
    fields = [(":method", "GET"), (":scheme", "http"), (":authority", authority), (":path", path), *headers]
    block = b"".join(b"\0" + _literal(name) + _literal(value) for name, value in fields)
    return H2_PREFACE + _frame(SETTINGS_FRAME, 0, 0, b"") + _frame(HEADERS_FRAME, END_OF_STREAM_AND_HEADERS, 1, block)


def _literal(text: str) -> bytes:
    assert len(text) < 127
    return bytes([len(text)]) + text.encode()


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload
