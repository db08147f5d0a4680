"""Requests that the server refuses, and the end of their connections."""

from __future__ import annotations

import json
import socket

import pytest
from tests.unit.localstack_plugin.http_server.conftest import Served, everything, running
from tests.unit.localstack_plugin.http_server.test_requests import GET, HOST, chunked, post

from localstack_plugin.gateway.http_server import last_answer
from localstack_plugin.gateway.http_server.access import Access
from localstack_plugin.gateway.http_server.messages import RequestHead
from localstack_plugin.gateway.http_server.request_reader import HEAD_MAX_BYTES
from safety.peer_owner import Address, PeerGuard

MALFORMED = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
EVIL = b"Host: evil.example\r\n"


@pytest.mark.parametrize(
    "content",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
        b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
        b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET / HTTP/1.1\n" + HOST + b"\n",
        b"GET / HTTP/1.1\r\n" + HOST + b" folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-A: a\0b\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-A: a\rX-B: b\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: two\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -2\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +2\r\n\r\nhi",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 3 * HEAD_MAX_BYTES + b"\r\n\r\n",
        chunked(b"a", trailers=b"X-A: " + b"a" * 3 * HEAD_MAX_BYTES + b"\r\n"),
    ],
)
def test_what_is_not_http_is_answered_with_400_and_ends_the_connection(served: Served, content: bytes) -> None:
    assert served.exchange(content + GET) == MALFORMED
    assert served.heads == []


def test_what_comes_before_it_is_answered(served: Served) -> None:
    answers = served.exchange(GET + b"nonsense\r\n\r\n")
    assert answers.startswith(b"HTTP/1.1 200 OK")
    assert answers.endswith(MALFORMED)


def test_what_follows_a_request_that_ends_the_connection_is_not_read(served: Served) -> None:
    last = b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    assert served.exchange(last + GET).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("body", [b"", b"x" * 3_000_000])
def test_a_foreign_request_is_refused_and_the_rest_of_its_connection_dropped(served: Served, body: bytes) -> None:
    answer = served.exchange(post(body).replace(HOST, EVIL) + GET)
    head, _, text = answer.partition(b"\r\n\r\n")
    assert head == (
        b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/xml\r\nCache-Control: no-store\r\n"
        b"X-Content-Type-Options: nosniff\r\nContent-Length: %d\r\nConnection: close" % len(text)
    )
    assert b"evil.example" in text
    assert served.heads == []


def test_the_body_of_a_refused_request_is_read_before_the_answer(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_answer, "LINGER_S", 0.001)
    assert served.exchange(post(b"x" * 20_000_000).replace(HOST, EVIL)).startswith(b"HTTP/1.1 403 ")


def test_a_client_that_goes_on_sending_sees_the_last_answer(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_answer, "LINGER_S", 60.0)
    assert served.exchange(b"hello\r\n\r\n", b"x" * 20_000_000) == MALFORMED


def test_a_refusal_speaks_the_protocol_of_the_request(served: Served) -> None:
    content_type = b"Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: AWSStepFunctions.ListStateMachines\r\n"
    answer = served.exchange(post(b"{}", content_type).replace(HOST, EVIL))
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["__type"] == "AccessDeniedException"


def test_a_refused_head_request_gets_no_body(served: Served) -> None:
    assert served.exchange(b"HEAD / HTTP/1.1\r\n" + EVIL + b"\r\n").endswith(b"Connection: close\r\n\r\n")


def test_a_foreign_client_that_waits_for_a_100_gets_its_refusal_instead(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"PUT / HTTP/1.1\r\n" + EVIL + b"Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n")
        assert everything(client).startswith(b"HTTP/1.1 403 Forbidden\r\n")


def test_each_request_of_a_connection_is_judged(served: Served) -> None:
    answers = served.exchange(GET + GET.replace(HOST, EVIL) + GET)
    assert [answer[:3] for answer in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", b"403"]


def test_an_upgrade_is_judged(served: Served) -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    answer = served.exchange(b"GET / HTTP/1.1\r\n" + HOST + b"Origin: http://evil.example\r\n" + upgrade + b"\r\n")
    assert answer.startswith(b"HTTP/1.1 403 ")


class Foreigners(PeerGuard):
    """A guard that knows nobody, and counts how often it was asked."""

    asked = 0

    def refusal(self, peer: Address, own: Address) -> str | None:
        self.asked += 1
        return "Refused: this local cloud belongs to somebody else."


def test_a_connection_of_another_user_is_refused() -> None:
    with running("127.0.0.1", Access((), (), Foreigners())) as served:
        assert b"belongs to somebody else" in served.exchange(GET)
    assert served.heads == []


def test_the_peer_is_judged_once_for_a_connection() -> None:
    class Neighbors(Foreigners):
        def refusal(self, peer: Address, own: Address) -> str | None:
            self.asked += 1
            return None

    peers = Neighbors()
    with running("127.0.0.1", Access((), (), peers)) as served:
        served.exchange(GET * 5)
        assert (peers.asked, len(served.heads)) == (1, 5)
        with socket.create_connection((served.host, served.port)):
            pass
    assert peers.asked == 1, "a connection without a request is not judged"


def test_an_allowed_name_is_let_through(served: Served) -> None:
    assert b"200 OK" in served.exchange(GET.replace(HOST, b"Host: emulator:4566\r\n"))


def test_a_refusal_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    access = Access((), ()).of(("127.0.0.1", 1), ("127.0.0.1", 2))
    head = RequestHead("GET", "/", "HTTP/1.1", [], keeps_open=True)
    for _ in range(3):
        access.refused(head, "Refused: because.")
    assert caplog.messages == ["127.0.0.1: Refused: because."]
