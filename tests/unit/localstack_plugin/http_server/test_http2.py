"""Connections of HTTP/2, spoken by the same library from the other side."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    InformationalResponseReceived,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.settings import SettingCodes
from tests.unit.localstack_plugin.http_server.conftest import OK, Served, running
from tests.unit.localstack_plugin.http_server.test_listener import is_free
from tests.waiting import until

from localstack_plugin.gateway.http_server import http2_connection
from localstack_plugin.gateway.http_server.messages import Answer, Request
from localstack_plugin.gateway.http_server.request_body import MEMORY_MAX_BYTES

Fields = list[tuple[str, str]]


class Client:
    """`events` are those of all streams, in their order."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self.protocol = H2Connection(H2Configuration(client_side=True, header_encoding="latin-1"))
        self.events = list[Any]()
        self.is_taking = True
        """Whether the server may send more when a part of an answer has arrived."""
        self.protocol.initiate_connection()
        self.flush()

    def ask(self, method: str, path: str, *more: tuple[str, str], body: bytes = b"", authority: str = "a") -> int:
        stream: int = self.protocol.get_next_available_stream_id()
        pseudo = [(":method", method), (":scheme", "http"), (":authority", authority), (":path", path)]
        self.protocol.send_headers(stream, [*pseudo, *more], end_stream=not body)
        self.flush()
        self.send(stream, body)
        return stream

    def send(self, stream: int, body: bytes) -> None:
        while body:
            window = self.protocol.local_flow_control_window(stream)
            taken = min(window, self.protocol.max_outbound_frame_size, len(body))
            if not taken:
                self.receive()
                continue
            self.protocol.send_data(stream, body[:taken], end_stream=taken == len(body))
            body = body[taken:]
            self.flush()

    def flush(self) -> None:
        with suppress(BrokenPipeError):  # the server ends the connection after its answer
            self._socket.sendall(self.protocol.data_to_send())

    def receive(self) -> None:
        data = self._socket.recv(1 << 16)
        assert data, "the server has closed the connection"
        for event in self.protocol.receive_data(data):
            self.events.append(event)
            if isinstance(event, DataReceived) and self.is_taking:
                self.protocol.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self.flush()

    def received(self, stream: int) -> bytes:
        parts = [each.data for each in self.events if isinstance(each, DataReceived) and each.stream_id == stream]
        return b"".join(parts)

    def first(self, kind: type, stream: int) -> Any:
        while True:
            for event in self.events:
                if isinstance(event, kind) and getattr(event, "stream_id", stream) == stream:
                    return event
            self.receive()

    def answer_to(self, stream: int) -> tuple[Fields, bytes]:
        self.first(StreamEnded, stream)
        return self.first(ResponseReceived, stream).headers, self.received(stream)


@contextmanager
def client_of(served: Served) -> Iterator[Client]:
    with served.connected() as connection:
        yield Client(connection)


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with client_of(served) as one:
        yield one


def test_a_request_and_its_answer_are_those_of_http_1(served: Served, client: Client) -> None:
    served.answer = lambda _: Answer("201 CREATED", [("X-Amz-A", "1"), ("Connection", "close")], [b"o", b"", b"k"])
    stream = client.ask("PUT", "/a%20b?c", ("x-amz-key", "v"), body=b"hello", authority="localhost:4566")
    fields, body = client.answer_to(stream)
    assert [field for field in fields if field[0] != "date"] == [
        (":status", "201"),
        ("server", "LocalStack"),
        ("x-amz-a", "1"),
    ]
    assert body == b"ok"
    (head,) = served.heads
    assert (head.method, head.target, head.version) == ("PUT", "/a%20b?c", "HTTP/2")
    assert head.headers == [("host", "localhost:4566"), ("x-amz-key", "v")]
    assert served.bodies == [b"hello"]


def test_large_bodies_go_both_ways_no_faster_than_they_are_taken(served: Served, client: Client) -> None:
    content = bytes(range(256)) * (MEMORY_MAX_BYTES // 64)
    served.answer = lambda _: Answer("200 OK", [], [content, content])
    assert client.answer_to(client.ask("POST", "/", body=content, authority="localhost"))[1] == content * 2
    assert served.bodies == [content]


def test_requests_of_one_connection_do_not_wait_for_each_other(served: Served, client: Client) -> None:
    goes_on = threading.Event()

    def answer(request: Request) -> Answer:
        assert request.head.target != "/slow" or goes_on.wait(60)
        return OK

    served.answer = answer
    slow = client.ask("GET", "/slow", authority="localhost")
    assert client.answer_to(client.ask("GET", "/fast", authority="localhost"))[1] == b"ok"
    goes_on.set()
    assert client.answer_to(slow)[1] == b"ok"


@pytest.mark.parametrize("fields", [(), (("origin", "null"),)])
def test_a_foreign_request_is_refused_and_ends_the_connection(
    served: Served, client: Client, fields: tuple[tuple[str, str], ...]
) -> None:
    stream = client.ask("GET", "/", *fields, authority="localhost" if fields else "evil.example")
    headers, body = client.answer_to(stream)
    assert headers[0] == (":status", "403")
    assert b"Refused" in body
    client.first(ConnectionTerminated, stream)
    assert served.heads == []


def test_a_refused_head_request_gets_no_body(client: Client) -> None:
    fields, body = client.answer_to(client.ask("HEAD", "/", authority="evil.example"))
    assert (fields[0], body) == ((":status", "403"), b"")


def test_headers_have_the_bytes_that_they_have_in_http_1(served: Served, client: Client) -> None:
    served.answer = lambda request: Answer("200 OK", [("X-A", dict(request.head.headers)["x-a"])], [])
    fields, _ = client.answer_to(client.ask("GET", "/", ("x-a", "é"), authority="localhost"))
    assert ("x-a", "Ã©") in fields, "the two bytes of UTF-8 that were sent"


def test_a_client_may_make_its_window_smaller_than_what_it_has_been_sent(served: Served, client: Client) -> None:
    content = b"x" * 100_000
    served.answer = lambda _: Answer("200 OK", [], [content])
    client.is_taking = False
    stream = client.ask("GET", "/", authority="localhost")
    while len(client.received(stream)) < 65_535:
        client.receive()
    client.protocol.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 100})
    client.protocol.increment_flow_control_window(100_000)
    client.flush()
    client.receive()  # that the server knows it
    client.protocol.increment_flow_control_window(100_000, stream)
    client.flush()
    assert client.answer_to(stream)[1] == content


def test_a_stream_that_no_thread_can_serve_is_reset(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Refused(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    client.answer_to(client.ask("GET", "/", authority="localhost"))
    with monkeypatch.context() as patch:
        patch.setattr(threading, "Thread", Refused)
        stream = client.ask("GET", "/", authority="localhost")
        assert client.first(StreamReset, stream).error_code == ErrorCodes.REFUSED_STREAM
    assert "can't start new thread" in caplog.text
    assert client.answer_to(client.ask("GET", "/", authority="localhost"))[1] == b"ok"


def test_a_client_that_takes_nothing_is_told_that_its_stream_ends(
    served: Served, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http2_connection, "STALLED_S", 0.05)
    served.answer = lambda _: Answer("200 OK", [], [b"x" * 100_000])
    client.is_taking = False
    client.first(StreamReset, client.ask("GET", "/", authority="localhost"))


def test_a_client_that_waits_for_a_100_gets_it(served: Served, client: Client) -> None:
    expect = ("expect", "100-continue")
    stream = client.protocol.get_next_available_stream_id()
    pseudo = [(":method", "PUT"), (":scheme", "http"), (":authority", "localhost"), (":path", "/")]
    client.protocol.send_headers(stream, [*pseudo, expect])
    client.flush()
    assert client.first(InformationalResponseReceived, stream).headers[0] == (":status", "100")
    client.send(stream, b"hi")
    assert client.answer_to(stream)[1] == b"ok"


def test_an_answer_to_head_has_no_body(served: Served, client: Client) -> None:
    fields, body = client.answer_to(client.ask("HEAD", "/", authority="localhost"))
    assert ("content-length", "2") in fields
    assert body == b""


def test_an_answer_that_breaks_off_resets_its_stream_alone(
    served: Served, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    def parts() -> Iterator[bytes]:
        yield b"part"
        raise ValueError("nothing follows")

    served.answer = lambda _: Answer("200 OK", [], parts())
    stream = client.ask("GET", "/", authority="localhost")
    client.first(StreamReset, stream)
    assert "nothing follows" in caplog.text
    served.answer = lambda _: OK
    assert client.answer_to(client.ask("GET", "/", authority="localhost"))[1] == b"ok"


def test_a_stream_ends_when_its_client_resets_it(served: Served, client: Client) -> None:
    closed = threading.Event()

    def parts() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 10_000
        finally:
            closed.set()

    served.answer = lambda _: Answer("200 OK", [], parts())
    stream = client.ask("GET", "/", authority="localhost")
    client.first(DataReceived, stream)
    client.protocol.reset_stream(stream)
    client.flush()
    assert closed.wait(60)


def test_what_is_not_http_2_ends_the_connection(served: Served) -> None:
    with served.connected() as connection:
        Client(connection)
        connection.sendall(b"\0\0\0\1\4\0\0\0\0")  # headers of the connection itself
        until(lambda: not connection.recv(1 << 16), "the server to close")


def test_a_stop_lets_a_request_in_progress_finish() -> None:
    began, goes_on = threading.Event(), threading.Event()

    def wait(_: Request) -> Answer:
        began.set()
        assert goes_on.wait(60)
        return OK

    with running("127.0.0.1") as served, client_of(served) as client:
        served.answer = wait
        stream = client.ask("GET", "/", authority="localhost")
        assert began.wait(60)
        served.stop()
        until(lambda: is_free(served.port), "the port to be free")
        goes_on.set()
        assert client.answer_to(stream)[1] == b"ok"
