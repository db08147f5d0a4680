"""Requests as clients send them, and as the server's application gets them."""

from __future__ import annotations

import socket
import tempfile
from io import BytesIO
from typing import BinaryIO

import pytest
from tests.unit.localstack_plugin.http_server.conftest import OK, Served, everything
from tests.waiting import until

from localstack_plugin.gateway.http_server.messages import Answer, Request
from localstack_plugin.gateway.http_server.request_body import MEMORY_MAX_BYTES

HOST = b"Host: localhost\r\n"
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"


def post(body: bytes, more: bytes = b"") -> bytes:
    return b"POST /a HTTP/1.1\r\n" + HOST + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(*chunks: bytes, more: bytes = b"", trailers: bytes = b"") -> bytes:
    head = b"POST /a HTTP/1.1\r\n" + HOST + more + b"Transfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n" + trailers + b"\r\n"


def test_a_head_arrives_as_it_was_sent(served: Served) -> None:
    served.exchange(b"PUT /a%20b?c=%2F HTTP/1.1\r\nHOST: localhost\r\nx-Amz-Meta-Key: \t \xe9 \t\r\nEmpty:\r\n\r\n")
    (head,) = served.heads
    assert (head.method, head.target, head.version) == ("PUT", "/a%20b?c=%2F", "HTTP/1.1")
    assert head.headers == [("HOST", "localhost"), ("x-Amz-Meta-Key", "é"), ("Empty", "")]


def test_headers_of_one_name_are_spelled_as_the_first_and_stand_together(served: Served) -> None:
    served.exchange(b"GET / HTTP/1.1\r\nX-A: 1\r\n" + HOST + b"x-a: 2\r\nX-A: 3\r\n\r\n")
    assert served.heads[0].headers == [("X-A", "1"), ("X-A", "2"), ("X-A", "3"), ("Host", "localhost")]


def test_a_request_may_arrive_byte_by_byte(served: Served) -> None:
    content = post(b"hello") + chunked(b"a", b"bc")
    served.exchange(*(content[at : at + 1] for at in range(len(content))))
    assert served.bodies == [b"hello", b"abc"]


def test_pipelined_requests_are_answered_in_their_order(served: Served) -> None:
    served.answer = lambda _: Answer("200 OK", [("Content-Length", "2")], [served.bodies[-1]])
    numbers = [b"%d" % number for number in range(10, 60)]
    answers = served.exchange(b"".join(post(number) for number in numbers))
    assert [answer[-2:] for answer in answers.split(b"HTTP/1.1 ")[1:]] == numbers


@pytest.mark.parametrize("size", [0, 1, MEMORY_MAX_BYTES, MEMORY_MAX_BYTES + 1, 5_000_000])
def test_a_body_of_any_size_arrives_whole(served: Served, size: int) -> None:
    body = bytes(index % 251 for index in range(size % 1000)) + b"x" * (size - size % 1000)
    served.exchange(post(body), chunked(*(body[at : at + 70_001] for at in range(0, size, 70_001))))
    assert served.bodies == [body, body]


@pytest.mark.parametrize(("size", "is_file"), [(MEMORY_MAX_BYTES, False), (MEMORY_MAX_BYTES + 1, True)])
def test_only_a_long_body_is_a_file_and_it_is_closed_after_the_answer(served: Served, size: int, is_file: bool) -> None:
    bodies = list[BinaryIO]()
    served.answer = lambda request: bodies.append(request.body) or OK  # type: ignore[func-returns-value]
    served.exchange(post(b"x" * size))
    assert isinstance(bodies[0], BytesIO) is not is_file
    until(lambda: bodies[0].closed, "the body to be closed")


def test_trailers_are_dropped(served: Served) -> None:
    served.exchange(chunked(b"a", trailers=b"Host: evil.example\r\nX-B: 1\r\n"), GET)
    assert served.bodies == [b"a", b""]
    assert [name for head in served.heads for name, _ in head.headers] == ["Host", "Transfer-Encoding", "Host"]


@pytest.mark.parametrize("content", [post(b"{}", UPGRADE), chunked(b"{", b"}", more=UPGRADE)])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_upgrade_is_ignored_and_the_body_and_the_next_request_are_read(
    served: Served, content: bytes, size: int
) -> None:
    content += b"GET /b HTTP/1.1\r\n" + HOST + UPGRADE + b"\r\n" + GET
    served.exchange(*(content[at : at + size] for at in range(0, len(content), size)))
    assert [(head.method, head.target) for head in served.heads] == [("POST", "/a"), ("GET", "/b"), ("GET", "/")]
    assert served.bodies == [b"{}", b"", b""]


def test_a_client_that_waits_for_a_100_gets_it_before_it_sends_the_body(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"PUT / HTTP/1.1\r\n" + HOST + b"Expect: 100-Continue\r\nContent-Length: 2\r\n\r\n")
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hi")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK")
    assert served.bodies == [b"hi"]


@pytest.mark.parametrize(
    ("head", "closes"),
    [
        (b"GET / HTTP/1.1\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: keep-alive\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: Close\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: x, close\r\n", True),
        (b"GET / HTTP/1.0\r\n", True),
    ],
)
def test_a_connection_is_kept_unless_the_client_wants_it_closed(served: Served, head: bytes, closes: bool) -> None:
    with served.connected() as client:
        client.sendall(head + HOST + b"\r\n")
        if closes:
            assert everything(client).endswith(b"ok")
        else:
            client.sendall(GET)
            client.shutdown(socket.SHUT_WR)
            assert everything(client).count(b"200 OK") == 2


def test_the_addresses_are_those_of_the_connection(served: Served) -> None:
    asked = list[Request]()
    served.answer = lambda request: asked.append(request) or OK  # type: ignore[func-returns-value]
    with served.connected() as client:
        client.sendall(GET)
        client.recv(1000)
        assert (asked[0].peer, asked[0].own) == (client.getsockname(), (served.host, served.port))


def test_a_client_that_leaves_in_the_middle_of_a_body_is_forgotten(served: Served) -> None:
    served.exchange(post(b"x" * 10_000)[:5_000])
    assert served.heads == []
    assert b"200 OK" in served.exchange(GET)


def test_a_body_that_the_disk_has_no_room_for_ends_the_connection(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full() -> BinaryIO:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    body = b"x" * (MEMORY_MAX_BYTES + 1)
    assert served.exchange(post(body)).startswith(b"HTTP/1.1 500 ")
    assert "No space left on device" in caplog.text
