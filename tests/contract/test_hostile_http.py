"""Broken and excessive HTTP: it is answered or cut off, and the server answers the next request.

Two servers: a patient one, whose time limits a busy machine does not reach, and an impatient one that the tests of the
time limits wait for.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest

from sagemaker_emulator.server import HttpLimits

DEADLINE_S = 120.0
PATIENT = HttpLimits(body_bytes=10 << 20, body_s=600.0, idle_s=600.0, linger_s=0.3)
IMPATIENT = HttpLimits(body_bytes=10 << 20, body_s=1.0, idle_s=1.0, linger_s=0.3)
TARGET = b"X-Amz-Target: SageMaker.ListTags\r\n"
HOST = b"Host: localhost\r\n"
GOOD = b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2\r\n\r\n{}"

Address = tuple[str, int]


@pytest.fixture(scope="module")
def address(make_served: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with make_served(tmp_path_factory.mktemp("patient"), PATIENT) as emulator:
        yield _address(emulator.url)


@pytest.fixture(scope="module")
def impatient(make_served: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    with make_served(tmp_path_factory.mktemp("impatient"), IMPATIENT) as emulator:
        yield _address(emulator.url)


def _address(url: str) -> Address:
    parts = urlsplit(url)
    return str(parts.hostname), int(parts.port or 0)


@pytest.fixture(autouse=True)
def _still_up(address: Address) -> Iterator[None]:
    yield
    assert b"ValidationException" in _answer_to(address, GOOD)


@contextmanager
def _connected(address: Address) -> Iterator[socket.socket]:
    with closing(socket.create_connection(address, timeout=DEADLINE_S)) as sock:
        yield sock


def _received(sock: socket.socket, count: int = 1, has_body: bool = True) -> bytes:
    """Return what arrives until `count` answers are whole, or the server closes or resets the connection."""
    received = b""
    try:
        while not _is_whole(received, count, has_body) and (chunk := sock.recv(1 << 16)):
            received += chunk
    except TimeoutError:
        pytest.fail(f"neither answered nor cut off within {DEADLINE_S} s; received {received[:200]!r}")
    except ConnectionError:
        pass
    return received


def _is_whole(received: bytes, count: int, has_body: bool) -> bool:
    for _ in range(count):
        head, end, received = received.partition(b"\r\n\r\n")
        if not end:
            return False
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0] or 0) if has_body else 0
        if len(received) < length:
            return False
        received = received[length:]
    return True


def _answer_to(address: Address, request: bytes, count: int = 1, has_body: bool = True) -> bytes:
    with _connected(address) as sock:
        try:
            sock.sendall(request)
        except ConnectionError:
            return b""
        return _received(sock, count, has_body)


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\r\n\r\n\r\n\x00\x00\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200,
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTP/1.1\r\n\r\n",
        b"G\x00T / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET / HTTP/1.1\r\n : empty name\r\n\r\n",
        b"GET / HTTP/1.1\r\nBad\x01Name: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 100_000 + b"\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(10_000)) + b"\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: banana\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2\r\nContent-Length: 7\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Transfer-Encoding: nonsense\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Expect: a miracle\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + b"X-Amz-Target: SageMaker.\xff\xfe\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + b"X-Amz-Target: S3.ListTags\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + b"X-Amz-Target: SageMaker.NoSuchThing\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 9\r\n\r\n{\"a\": \xff\x00}",
        b"POST /endpoints/../../etc/passwd/invocations HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
        b"POST /endpoints/%00%ff/invocations HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n",
        b"POST /endpoints/x/invocations HTTP/1.1\r\n" + HOST
        + b"X-Amzn-SageMaker-Custom-Attributes: \xc3\x28\r\nContent-Length: 0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
        b"DELETE / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    ],
)  # fmt: skip
def test_a_broken_request_is_refused_as_the_clients_fault(impatient: Address, request_bytes: bytes) -> None:
    answer = _answer_to(impatient, request_bytes)
    assert not answer or 400 <= _status(answer) < 500


def test_head_and_options_are_answered_without_a_hang(address: Address) -> None:
    assert _status(_answer_to(address, b"HEAD /health HTTP/1.1\r\n" + HOST + b"\r\n", has_body=False)) == 200
    assert _status(_answer_to(address, b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n", has_body=False)) == 404
    assert _status(_answer_to(address, b"OPTIONS / HTTP/1.1\r\n" + HOST + b"\r\n")) == 404


def test_a_body_over_the_limit_is_refused_before_it_is_sent(address: Address) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 99999999999\r\n\r\n"
    answer = _answer_to(address, head)
    assert _status(answer) == 413
    assert b"RequestEntityTooLarge" in answer


def test_a_chunked_body_over_the_limit_is_refused(address: Address) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with _connected(address) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Transfer-Encoding: chunked\r\n\r\n")
        answer = b""
        try:
            for _ in range(40):
                sock.sendall(chunk)
        except ConnectionError:
            pass
        answer = _received(sock)
    assert not answer or _status(answer) == 413


def test_an_invocation_over_6_mb_is_a_validation_error(address: Address) -> None:
    size = 6 * 1024 * 1024 + 1
    head = b"POST /endpoints/x/invocations HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size
    answer = _answer_to(address, head + b"x" * size)
    assert 400 <= _status(answer) < 500
    assert b"x-amzn-ErrorType: ValidationError" in answer


def test_a_chunked_request_is_accepted(address: Address) -> None:
    body = b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    answer = _answer_to(address, b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert b"ValidationException" in answer


def test_expect_continue_is_answered_with_100(address: Address) -> None:
    with _connected(address) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 100")
        sock.sendall(b"{}")
        assert b"ValidationException" in _received(sock)


def test_pipelined_requests_are_answered_in_their_order(address: Address) -> None:
    operations = [b"ListTags", b"Nonsense", b"DescribeModel"] * 20
    requests = b"".join(
        b"POST / HTTP/1.1\r\n" + HOST + b"X-Amz-Target: SageMaker." + name + b"\r\nContent-Length: 2\r\n\r\n{}"
        for name in operations
    )
    answers = _answer_to(address, requests, count=len(operations)).split(b"HTTP/1.1 ")[1:]
    errors = [json.loads(answer.partition(b"\r\n\r\n")[2])["__type"] for answer in answers]
    assert errors == ["ValidationException", "UnknownOperationException", "ValidationException"] * 20


def test_a_half_closed_client_gets_its_answer(address: Address) -> None:
    with _connected(address) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2\r\n\r\n{}")
        sock.shutdown(socket.SHUT_WR)
        assert not (answer := _received(sock)) or b"ValidationException" in answer


def test_clients_that_leave_in_the_middle_of_their_bodies_are_forgotten(address: Address) -> None:
    for _ in range(20):
        with _connected(address) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2000\r\n\r\n{")


def test_a_body_that_never_ends_times_out(impatient: Address) -> None:
    with _connected(impatient) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2000\r\n\r\n{")
        answer = _received(sock)
    assert _status(answer) == 408
    assert b"RequestTimeout" in answer


SLOW_CLIENTS = 200
BEGINNINGS = [b"", b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\n" + HOST + b"X-Slow: "]


@contextmanager
def _slow_clients(address: Address, beginning: bytes) -> Iterator[list[socket.socket]]:
    """Open connections that have sent only the beginning of a request, as slowloris does."""
    with ExitStack() as stack:
        clients = [stack.enter_context(_connected(address)) for _ in range(SLOW_CLIENTS)]
        for client in clients:
            client.sendall(beginning)
            client.settimeout(0)
        yield clients


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_others_are_answered_while_clients_dribble_their_heads(address: Address, beginning: bytes) -> None:
    with _slow_clients(address, beginning) as clients:
        assert b"ValidationException" in _answer_to(address, GOOD)
        assert not any(_is_cut(client, b"") for client in clients)


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_clients_that_dribble_their_heads_are_cut_off(
    impatient: Address, beginning: bytes, until: Callable[..., Any]
) -> None:
    with _slow_clients(impatient, beginning) as clients:

        def all_cut() -> bool:
            clients[:] = [client for client in clients if not _is_cut(client, b"a" if beginning else b"")]
            return not clients

        until(all_cut, "the slow connections to be cut off")


def _is_cut(sock: socket.socket, dribble: bytes) -> bool:
    try:
        sock.send(dribble)
        return sock.recv(1000) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
