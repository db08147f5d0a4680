"""What clients get of what the server's application answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from tests.unit.localstack_plugin.http_server.conftest import OK, Served, everything, without_date
from tests.unit.localstack_plugin.http_server.test_requests import GET, HOST
from tests.waiting import until

from localstack_plugin.gateway.http_server.messages import Answer, Request

CLOSING = GET.replace(HOST, HOST + b"Connection: close\r\n")


def test_an_answer_is_the_applications_status_headers_and_body(served: Served) -> None:
    headers = [("content-TYPE", "text/é"), ("Content-Length", "2"), ("Set-Cookie", "a"), ("Set-Cookie", "b")]
    served.answer = lambda _: Answer("201 CREATED", headers, [b"ok"])
    assert without_date(served.exchange(GET)) == (
        b"HTTP/1.1 201 CREATED\r\nServer: LocalStack\r\ncontent-TYPE: text/\xe9\r\nContent-Length: 2\r\n"
        b"Set-Cookie: a\r\nSet-Cookie: b\r\n\r\nok"
    )


def test_server_date_and_framing_are_the_servers_own(served: Served) -> None:
    theirs = [("Server", "theirs"), ("DATE", "theirs"), ("Transfer-Encoding", "theirs"), ("Content-Length", "2")]
    served.answer = lambda _: Answer("200 OK", theirs, [b"ok"])
    answer = served.exchange(CLOSING)
    assert b"theirs" not in answer
    assert answer.startswith(b"HTTP/1.1 200 OK\r\nConnection: close\r\nServer: LocalStack\r\nDate: ")


def test_a_line_break_in_a_value_does_not_begin_a_header(served: Served) -> None:
    served.answer = lambda _: Answer("204 NO CONTENT", [("X-A", "a\r\nX-B: b\nX-C: c")], [])
    assert b"\r\nX-A: a X-B: b X-C: c\r\n" in served.exchange(GET)


def test_an_answer_without_length_is_chunked(served: Served) -> None:
    served.answer = lambda _: Answer("200 OK", [], iter([b"hello ", b"", b"x" * 100_000]))
    head, _, body = served.exchange(GET).partition(b"\r\n\r\n")
    assert head.endswith(b"\r\nTransfer-Encoding: chunked")
    assert body == b"6\r\nhello \r\n186a0\r\n" + b"x" * 100_000 + b"\r\n0\r\n\r\n"


def test_an_answer_without_length_to_http_1_0_ends_with_the_connection(served: Served) -> None:
    served.answer = lambda _: Answer("200 OK", [], iter([b"a", b"b"]))
    answer = served.exchange(GET.replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nab")
    assert b"chunked" not in answer


@pytest.mark.parametrize(
    ("method", "status"), [(b"HEAD", "200 OK"), (b"GET", "204 NO CONTENT"), (b"GET", "304 NOT MODIFIED")]
)
def test_an_answer_that_has_no_body_keeps_its_headers_and_the_connection(
    served: Served, method: bytes, status: str
) -> None:
    served.answer = lambda _: Answer(status, [("Content-Length", "5")], [b"hello"])
    answers = served.exchange(GET.replace(b"GET", method) * 2)
    assert answers.count(b"Content-Length: 5\r\n\r\n") == 2
    assert b"hello" not in answers
    assert b"chunked" not in answers


def test_a_large_answer_arrives_whole(served: Served) -> None:
    parts = [bytes([index]) * 300_000 for index in range(30)]
    served.answer = lambda _: Answer("200 OK", [("Content-Length", "9000000")], iter(parts))
    answers = served.exchange(GET * 2)
    assert answers.count(b"".join(parts)) == 2


@pytest.mark.parametrize("parts", [[b"hell"], [b"hello", b"!"]])
def test_a_body_that_has_not_its_announced_length_ends_the_connection(served: Served, parts: list[bytes]) -> None:
    served.answer = lambda _: Answer("200 OK", [("Content-Length", "5")], parts)
    assert served.exchange(GET * 2).count(b"HTTP/1.1 ") == 1


class Parts:
    """A body that tells whether it was closed, and fails after its parts."""

    def __init__(self, *parts: bytes) -> None:
        self._parts, self.is_closed = parts, False

    def __iter__(self) -> Iterator[bytes]:
        yield from self._parts
        raise ValueError("nothing follows")

    def close(self) -> None:
        self.is_closed = True


def test_an_answer_that_breaks_off_is_not_ended_and_closes_the_connection(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    parts = Parts(b"part")
    served.answer = lambda _: Answer("200 OK", [], parts)
    assert served.exchange(GET * 2).endswith(b"\r\n\r\n4\r\npart\r\n")
    assert parts.is_closed
    assert "the answer to GET / broke off" in caplog.text


def test_an_answer_that_fails_before_its_first_part_is_a_500(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    parts = Parts()
    served.answer = lambda _: Answer("200 OK", [], parts)
    assert served.exchange(GET * 2) == (
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    assert parts.is_closed
    assert "nothing follows" in caplog.text


def test_an_answer_whose_headers_are_not_latin_1_is_a_500_and_is_closed(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    parts = Parts(b"hello")
    served.answer = lambda _: Answer("200 OK", [("Content-Disposition", 'attachment; filename="日"')], parts)
    assert served.exchange(GET * 2).startswith(b"HTTP/1.1 500 ")
    assert parts.is_closed
    assert "latin-1" in caplog.text


def test_an_application_that_fails_is_a_500(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Request) -> Answer:
        raise LookupError("no handler")

    served.answer = fail
    assert served.exchange(GET).startswith(b"HTTP/1.1 500 ")
    assert "no handler" in caplog.text


def test_the_parts_of_a_stream_are_sent_as_they_come(served: Served) -> None:
    goes_on = threading.Event()

    def parts() -> Iterator[bytes]:
        yield b"first"
        assert goes_on.wait(60)
        yield b"second"

    served.answer = lambda _: Answer("200 OK", [], parts())
    with served.connected() as client:
        client.sendall(CLOSING)
        received = b""
        while b"first" not in received:
            received += client.recv(1000)
        goes_on.set()
        assert everything(client).endswith(b"6\r\nsecond\r\n0\r\n\r\n")


def test_a_stream_ends_when_its_client_leaves(served: Served) -> None:
    closed = threading.Event()

    def parts() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            closed.set()

    served.answer = lambda _: Answer("200 OK", [], parts())
    with served.connected() as client:
        client.sendall(GET)
        client.recv(1000)
    assert closed.wait(60)


def test_the_answers_of_500_connections_at_once_do_not_wait_for_each_other(served: Served) -> None:
    together = threading.Barrier(500)
    served.answer = lambda _: (together.wait(120), OK)[1]
    clients = [served.connected() for _ in range(500)]
    opened = [client.__enter__() for client in clients]
    for client in opened:
        client.sendall(CLOSING)
    assert all(everything(client).endswith(b"ok") for client in opened)
    for one in clients:
        one.__exit__(None, None, None)
    until(lambda: sum(thread.name == "gateway" for thread in threading.enumerate()) == 0, "their threads to end")
