"""What is not HTTP, or is too much of it: answered or cut, and the server answers the next one."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sagemaker_emulator.server import HttpLimits

LIMITS = HttpLimits(body_bytes=10 << 20, body_s=1.0, idle_s=1.0, linger_s=0.3)
CUT_S = 5.0
TARGET = b"X-Amz-Target: SageMaker.ListTags\r\n"
HOST = b"Host: localhost\r\n"


@pytest.fixture(scope="module")
def address(make_served: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    state: Path = tmp_path_factory.mktemp("hostile")
    with make_served(state, LIMITS) as emulator:
        parts = urlsplit(emulator.url)
        yield str(parts.hostname), int(parts.port or 0)


@pytest.fixture(autouse=True)
def _still_up(address: tuple[str, int]) -> Iterator[None]:
    yield
    started = time.monotonic()
    answer = _said(address, b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2\r\n\r\n{}")
    assert b"ValidationException" in answer
    assert time.monotonic() - started < 2


@contextmanager
def _connected(address: tuple[str, int]) -> Iterator[socket.socket]:
    with closing(socket.create_connection(address, timeout=CUT_S)) as sock:
        yield sock


def _rest(sock: socket.socket) -> bytes:
    """What comes until the server closes, is silent for 50 ms after it has said something, or resets."""
    received = b""
    try:
        while chunk := sock.recv(1 << 16):
            received += chunk
            sock.settimeout(0.05)
    except TimeoutError:
        if not received:
            pytest.fail(f"neither answered nor cut within {CUT_S} s")
    except ConnectionError:
        pass
    return received


def _said(address: tuple[str, int], request: bytes) -> bytes:
    with _connected(address) as sock:
        try:
            sock.sendall(request)
        except ConnectionError:
            return b""
        return _rest(sock)


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
def test_what_is_broken_is_refused_as_the_clients_fault(address: tuple[str, int], request_bytes: bytes) -> None:
    answer = _said(address, request_bytes)
    assert not answer or 400 <= _status(answer) < 500


def test_head_and_options_are_answered_without_a_hang(address: tuple[str, int]) -> None:
    assert _status(_said(address, b"HEAD /health HTTP/1.1\r\n" + HOST + b"\r\n")) == 200
    assert _status(_said(address, b"HEAD / HTTP/1.1\r\n" + HOST + b"\r\n")) == 404
    assert _status(_said(address, b"OPTIONS / HTTP/1.1\r\n" + HOST + b"\r\n")) == 404


def test_a_body_over_the_limit_is_refused_before_it_is_sent(address: tuple[str, int]) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 99999999999\r\n\r\n"
    answer = _said(address, head)
    assert _status(answer) == 413
    assert b"RequestEntityTooLarge" in answer


def test_a_chunked_body_over_the_limit_is_refused(address: tuple[str, int]) -> None:
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with _connected(address) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Transfer-Encoding: chunked\r\n\r\n")
        answer = b""
        try:
            for _ in range(40):
                sock.sendall(chunk)
        except ConnectionError:
            pass
        answer = _rest(sock)
    assert not answer or _status(answer) == 413


def test_an_invocation_over_6_mb_is_a_validation_error(address: tuple[str, int]) -> None:
    size = 6 * 1024 * 1024 + 1
    head = b"POST /endpoints/x/invocations HTTP/1.1\r\n" + HOST + b"Content-Length: %d\r\n\r\n" % size
    answer = _said(address, head + b"x" * size)
    assert 400 <= _status(answer) < 500
    assert b"x-amzn-ErrorType: ValidationError" in answer


def test_a_chunked_request_is_a_request(address: tuple[str, int]) -> None:
    body = b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    answer = _said(address, b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert b"ValidationException" in answer


def test_expect_continue_is_continued(address: tuple[str, int]) -> None:
    with _connected(address) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert sock.recv(1000).startswith(b"HTTP/1.1 100")
        sock.sendall(b"{}")
        assert b"ValidationException" in _rest(sock)


def test_pipelined_requests_are_answered_in_their_order(address: tuple[str, int]) -> None:
    operations = [b"ListTags", b"Nonsense", b"DescribeModel"] * 20
    requests = b"".join(
        b"POST / HTTP/1.1\r\n" + HOST + b"X-Amz-Target: SageMaker." + name + b"\r\nContent-Length: 2\r\n\r\n{}"
        for name in operations
    )
    answers = _said(address, requests).split(b"HTTP/1.1 ")[1:]
    found = [json.loads(answer.partition(b"\r\n\r\n")[2])["__type"] for answer in answers]
    assert found == ["ValidationException", "UnknownOperationException", "ValidationException"] * 20


def test_a_half_closed_client_gets_its_answer(address: tuple[str, int]) -> None:
    with _connected(address) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2\r\n\r\n{}")
        sock.shutdown(socket.SHUT_WR)
        assert not (answer := _rest(sock)) or b"ValidationException" in answer


def test_a_client_that_leaves_in_the_middle_of_its_body_is_forgotten(address: tuple[str, int]) -> None:
    for _ in range(20):
        with _connected(address) as sock:
            sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2000\r\n\r\n{")


def test_a_body_that_never_ends_is_timed_out(address: tuple[str, int]) -> None:
    with _connected(address) as sock:
        sock.sendall(b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2000\r\n\r\n{")
        answer = _rest(sock)
    assert _status(answer) == 408
    assert b"RequestTimeout" in answer


@pytest.mark.parametrize("beginning", [b"", b"POST / HTTP/1.1\r\n", b"POST / HTTP/1.1\r\n" + HOST + b"X-Slow: "])
def test_clients_that_dribble_their_heads_are_cut(
    address: tuple[str, int], beginning: bytes, until: Callable[..., Any]
) -> None:
    """200 connections that say a byte now and then, as slowloris does; others are answered meanwhile."""
    with ExitStack() as stack:
        slow = [stack.enter_context(_connected(address)) for _ in range(200)]
        for sock in slow:
            sock.sendall(beginning)
            sock.settimeout(0)
        started = time.monotonic()
        assert b"ValidationException" in _said(
            address, b"POST / HTTP/1.1\r\n" + HOST + TARGET + b"Content-Length: 2\r\n\r\n{}"
        )
        assert time.monotonic() - started < 2

        def all_cut() -> bool:
            slow[:] = [sock for sock in slow if not _is_cut(sock, b"a" if beginning else b"")]
            return not slow

        until(all_cut, "the slow connections to be cut", CUT_S)


def _is_cut(sock: socket.socket, dribble: bytes) -> bool:
    try:
        sock.send(dribble)
        return sock.recv(1000) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True
