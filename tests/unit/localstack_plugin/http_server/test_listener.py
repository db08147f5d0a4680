"""The beginning and the end of the server, and clients that send nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from tests.unit.localstack_plugin.http_server.conftest import OK, Served, everything, running
from tests.unit.localstack_plugin.http_server.test_requests import GET, HOST
from tests.waiting import until

from localstack_plugin.gateway.http_server import time_limits
from localstack_plugin.gateway.http_server.listener import Listener
from localstack_plugin.gateway.http_server.messages import Answer, Request


def test_it_serves_on_ipv6() -> None:
    with running("::1") as served:
        assert b"200 OK" in served.exchange(GET.replace(HOST, b"Host: [::1]:%d\r\n" % served.port))


def test_several_addresses_are_served_by_one_listener() -> None:
    listener = Listener(lambda connection, peer, own: connection.sendall(own[0].encode()))
    for host in ("127.0.0.1", "127.0.0.2"):
        listener.listen(host, 0)
    thread = threading.Thread(target=listener.run, args=(1.0,))
    thread.start()
    for host, port in zip(("127.0.0.1", "127.0.0.2"), listener.ports, strict=True):
        with socket.create_connection((host, port)) as client:
            assert everything(client) == host.encode()
    listener.stop()
    thread.join()


def test_a_port_that_is_taken_is_an_error(served: Served) -> None:
    listener = Listener(lambda *_: None)
    with pytest.raises(OSError, match="already in use"):
        listener.listen(served.host, served.port)
    listener.stop()
    listener.run(0.0)


def test_a_stop_lets_the_request_in_progress_finish_and_releases_the_port() -> None:
    began, goes_on = threading.Event(), threading.Event()

    def wait(_: Request) -> Answer:
        began.set()
        assert goes_on.wait(60)
        return OK

    with running("127.0.0.1") as served, served.connected() as busy, served.connected() as idle:
        served.answer = wait
        busy.sendall(GET)
        assert began.wait(60)
        served.stop()
        assert everything(idle) == b""
        until(lambda: is_free(served.port), "the port to be free")
        goes_on.set()
        assert everything(busy).endswith(b"ok")


def test_a_stop_waits_no_longer_than_it_may() -> None:
    goes_on = threading.Event()

    def wait(*_: object) -> None:
        goes_on.wait(60)

    listener = Listener(wait)
    listener.listen("127.0.0.1", 0)
    thread = threading.Thread(target=listener.run, args=(0.01,))
    thread.start()
    with socket.create_connection(("127.0.0.1", listener.ports[0])):
        until(lambda: any(each.name == "gateway" for each in threading.enumerate()), "the connection's thread")
        listener.stop()
        thread.join(60)
        assert not thread.is_alive()
    goes_on.set()


def is_free(port: int) -> bool:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            other.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(time_limits, "IDLE_S", 0.05)
    monkeypatch.setattr(time_limits, "STALLED_S", 0.05)
    with running("127.0.0.1") as server:
        yield server


@pytest.mark.parametrize("beginning", [b"", b"POST / HTTP/1.1\r\nHo", GET, b"POST / HTTP/1.1\r\n" + HOST])
def test_a_client_that_sends_nothing_more_is_let_go(impatient: Served, beginning: bytes) -> None:
    with impatient.connected() as client:
        client.sendall(beginning)
        everything(client)  # until the server closes


def test_a_client_that_takes_nothing_is_let_go(impatient: Served) -> None:
    ended = threading.Event()

    def parts() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 1_000_000
        finally:
            ended.set()

    impatient.answer = lambda _: Answer("200 OK", [], parts())
    with impatient.connected() as client:
        client.sendall(GET)
        assert ended.wait(60)


def test_a_client_is_answered_beside_500_that_send_nothing(served: Served) -> None:
    with ExitStack() as stack:
        for _ in range(500):
            stack.enter_context(served.connected()).sendall(b"POST / HTTP/1.1\r\nX-Slow: ")
        assert b"200 OK" in served.exchange(GET)
