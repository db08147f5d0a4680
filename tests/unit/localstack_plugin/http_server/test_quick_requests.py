"""Requests that are answered on the event loop, among others that have their connection's thread."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse

import pytest
from tests.unit.localstack_plugin.http_server.conftest import DEADLINE_S, OK, Served, everything, running
from tests.unit.localstack_plugin.http_server.test_listener import is_free
from tests.waiting import until

from localstack_plugin.event_loop import loop
from localstack_plugin.event_loop.loop import event_loop, is_on_loop
from localstack_plugin.event_loop.waits import give_way, in_a_thread, on_the_loop
from localstack_plugin.gateway.http_server import http1_connection, last_answer, time_limits
from localstack_plugin.gateway.http_server.access import Access
from localstack_plugin.gateway.http_server.connection_socket import ConnectionSocket
from localstack_plugin.gateway.http_server.messages import Address, Answer, Request, RequestHead
from safety.peer_owner import PeerGuard

LARGE = bytes(range(256)) * 250_000
"""More than the buffers of both ends take."""
BROKEN = b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def is_quick(head: RequestHead) -> bool:
    return head.target.startswith("/quick")


@pytest.fixture
def quick() -> Iterator[Served]:
    with running("127.0.0.1", is_quick=is_quick) as served:
        yield served


def post(target: str, body: bytes = b"", more: bytes = b"") -> bytes:
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\n\r\n"
    return head % (target.encode(), more, len(body)) + body


def answer_of(client: socket.socket) -> bytes:
    """Read one answer, and return its body."""
    response = HTTPResponse(client)
    response.begin()
    return response.read()


def with_length(body: bytes) -> Answer:
    return Answer("200 OK", [("Content-Length", str(len(body)))], [body], is_at_hand=True)


def place(_: Request) -> Answer:
    return with_length(b"loop" if is_on_loop() else b"thread")


def assert_others_are_served(served: Served) -> None:
    with served.connected() as other:
        other.sendall(post("/quick/other"))
        assert answer_of(other) == b"ok"


ROW = ["/quick", "/slow", "/quick", "/quick", "/slow", "/slow", "/quick"]
PLACES = [b"loop", b"thread", b"loop", b"loop", b"thread", b"thread", b"loop"]


def test_quick_and_other_requests_may_alternate(quick: Served) -> None:
    quick.answer = place
    places = list[bytes]()
    with quick.connected() as client:
        for target in ROW:
            client.sendall(post(target, target.encode()))
            places.append(answer_of(client))
    assert places == PLACES
    assert quick.bodies == [target.encode() for target in ROW]


def test_the_loop_does_not_ask_the_kernel_who_is_at_the_other_end() -> None:
    asked_on_the_loop = list[bool]()

    class Guard(PeerGuard):
        def refusal(self, peer: Address, own: Address) -> str | None:
            asked_on_the_loop.append(is_on_loop())
            return super().refusal(peer, own)

    with running("127.0.0.1", Access(("emulator",), (), Guard()), is_quick) as served:
        served.answer = place
        assert served.exchange(post("/quick") * 2).count(b"loop") == 2
    assert asked_on_the_loop == [False]


def test_quick_and_other_requests_may_be_pipelined(quick: Served) -> None:
    quick.answer = place
    answers = quick.exchange(b"".join(post(target, target.encode()) for target in ROW * 20))
    assert [answer.partition(b"\r\n\r\n")[2] for answer in answers.split(b"HTTP/1.1 200 OK")[1:]] == PLACES * 20
    assert quick.bodies == [target.encode() for target in ROW * 20]


def test_the_thread_waits_until_the_last_of_several_quick_requests(
    quick: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    handed_over = list[object]()

    def counted(serve: Callable[[], RequestHead | None]) -> RequestHead | None:
        handed_over.append(serve)
        return on_the_loop(serve)

    monkeypatch.setattr(http1_connection, "on_the_loop", counted)
    quick.exchange(post("/quick") * 5 + post("/slow") + post("/quick") * 5)
    assert (len(handed_over), len(quick.heads)) == (2, 11)


def test_a_quick_request_may_arrive_byte_by_byte(quick: Served) -> None:
    content = post("/quick", b"hello") + post("/slow", b"you") + post("/quick", b"there")
    answers = quick.exchange(*(content[at : at + 1] for at in range(len(content))))
    assert answers.count(b"200 OK") == 3
    assert quick.bodies == [b"hello", b"you", b"there"]


def test_the_last_request_of_a_connection_may_be_quick(quick: Served) -> None:
    answers = quick.exchange(post("/quick", more=b"Connection: close\r\n") + post("/quick"))
    assert answers.count(b"HTTP/1.1 ") == 1
    assert b"\r\nConnection: close\r\n" in answers


def test_a_client_that_waits_for_a_100_gets_it_on_the_loop(quick: Served) -> None:
    with quick.connected() as client:
        client.sendall(post("/quick", b"", b"Expect: 100-continue\r\n").replace(b"Length: 0", b"Length: 2"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"hi")
        assert answer_of(client) == b"ok"
    assert quick.bodies == [b"hi"]


def test_many_clients_are_answered_at_once(quick: Served) -> None:
    def echo(request: Request) -> Answer:
        assert is_on_loop()
        give_way()
        return with_length(request.head.target.encode())

    def ask(client: int) -> None:
        with quick.connected() as connection:
            for number in range(20):
                target = f"/quick/{client}/{number}"
                connection.sendall(post(target))
                assert answer_of(connection) == target.encode()

    quick.answer = echo
    with ThreadPoolExecutor(50) as pool:
        for _ in pool.map(ask, range(50)):
            pass


class Parts:
    """A long answer that notes where it is read, and its end."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.is_read_on_loop: bool | None = None

    def __iter__(self) -> Iterator[bytes]:
        self.is_read_on_loop = is_on_loop()
        yield LARGE

    def close(self) -> None:
        self.ended.set()


def large(parts: Parts, is_at_hand: bool) -> Callable[[Request], Answer]:
    def answer(request: Request) -> Answer:
        if request.head.target != "/quick/large":
            return OK
        return Answer("200 OK", [("Content-Length", str(len(LARGE)))], parts, is_at_hand)

    return answer


at_hand_or_not = pytest.mark.parametrize("is_at_hand", [True, False], ids=["at hand", "not at hand"])


@at_hand_or_not
def test_a_client_that_reads_slowly_keeps_nobody_waiting(quick: Served, is_at_hand: bool) -> None:
    parts = Parts()
    quick.answer = large(parts, is_at_hand)
    with quick.connected() as client:
        client.sendall(post("/quick/large") + post("/quick/next"))
        assert client.recv(1)
        for _ in range(3):
            assert_others_are_served(quick)
        assert not parts.ended.is_set()
        assert parts.is_read_on_loop is is_at_hand
        client.shutdown(socket.SHUT_WR)
        answers = everything(client)
    assert answers.partition(b"\r\n\r\n")[2].startswith(LARGE + b"HTTP/1.1 200 OK\r\n")


@at_hand_or_not
def test_a_client_that_leaves_within_an_answer_keeps_nobody_waiting(quick: Served, is_at_hand: bool) -> None:
    parts = Parts()
    quick.answer = large(parts, is_at_hand)
    with quick.connected() as client:
        client.sendall(post("/quick/large"))
        assert client.recv(1)
    assert parts.ended.wait(DEADLINE_S)
    assert_others_are_served(quick)
    until(lambda: not gateway_threads(), "the connections' threads to end")


def test_an_answer_is_closed_where_no_thread_can_send_it(quick: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: object) -> bool:
        raise RuntimeError("can't start new thread")

    parts = Parts()
    monkeypatch.setattr(http1_connection, "in_a_thread", fail)
    quick.answer = large(parts, is_at_hand=False)
    assert quick.exchange(post("/quick/large")) == BROKEN
    assert parts.ended.is_set()


def gateway_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "gateway"]


PARTS = [(post("/quick", b"ab")[:-1], b"b"), (post("/quick") + b"POST ", post("/quick", b"ab").removeprefix(b"POST "))]
"""Requests in two parts: the first ends within a body, or within the head that follows a quick request."""


@pytest.mark.parametrize(("part", "rest"), PARTS, ids=["body", "head"])
def test_a_client_that_has_sent_a_part_keeps_nobody_waiting(quick: Served, part: bytes, rest: bytes) -> None:
    with quick.connected() as client:
        client.sendall(part)
        assert_others_are_served(quick)
        client.sendall(rest)
        client.shutdown(socket.SHUT_WR)
        assert everything(client).endswith(b"ok")
    assert quick.bodies[-1] == b"ab"


@pytest.mark.parametrize("part", [part for part, _ in PARTS], ids=["body", "head"])
def test_a_client_that_leaves_within_a_request_is_forgotten(quick: Served, part: bytes) -> None:
    with quick.connected() as client:
        client.sendall(part)
        assert_others_are_served(quick)
    until(lambda: not gateway_threads(), "the connections' threads to end")
    assert b"ab" not in quick.bodies
    assert_others_are_served(quick)


def test_an_application_that_waits_keeps_nobody_waiting(quick: Served) -> None:
    goes_on = threading.Event()

    def answer(request: Request) -> Answer:
        if request.head.target != "/quick/other":
            assert in_a_thread(lambda: goes_on.wait(DEADLINE_S))
        return OK

    quick.answer = answer
    with quick.connected() as client:
        client.sendall(post("/quick"))
        assert_others_are_served(quick)
        goes_on.set()
        assert answer_of(client) == b"ok"


def test_an_answer_whose_parts_take_long_keeps_nobody_waiting(quick: Served) -> None:
    goes_on = threading.Event()

    def parts() -> Iterator[bytes]:
        assert goes_on.wait(DEADLINE_S)
        yield b"at last"

    def answer(request: Request) -> Answer:
        return OK if request.head.target == "/quick/other" else Answer("200 OK", [("Content-Length", "7")], parts())

    quick.answer = answer
    with quick.connected() as client:
        client.sendall(post("/quick"))
        assert_others_are_served(quick)
        goes_on.set()
        assert answer_of(client) == b"at last"


def test_an_application_that_fails_on_the_loop_is_a_500_that_ends_the_connection(
    quick: Served, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Request) -> Answer:
        raise ValueError("oh")

    quick.answer = fail
    assert quick.exchange(post("/quick") + post("/quick")) == BROKEN
    assert "POST /quick could not be answered" in caplog.messages
    quick.answer = lambda _: OK
    assert_others_are_served(quick)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_application_that_ends_its_thread_ends_the_connection_only(quick: Served) -> None:
    def leave(_: Request) -> Answer:
        raise SystemExit(1)

    quick.answer = leave
    assert quick.exchange(post("/quick")) == b""
    until(lambda: not gateway_threads(), "the connection's thread to end")
    quick.answer = lambda _: OK
    assert_others_are_served(quick)


def test_an_answer_that_fails_on_the_loop_breaks_off(quick: Served, caplog: pytest.LogCaptureFixture) -> None:
    def parts() -> Iterator[bytes]:
        yield b"begun"
        raise ValueError("oh")

    quick.answer = lambda _: Answer("200 OK", [], parts())
    answer = quick.exchange(post("/quick") + post("/quick"))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.endswith(b"begun\r\n")
    assert "the answer to POST /quick broke off" in caplog.messages


@pytest.mark.parametrize(
    ("content", "status"),
    [(post("/quick").replace(b"localhost", b"evil.example"), b"403"), (b"nonsense\r\n\r\n", b"400")],
)
def test_a_refused_request_ends_the_connection_and_keeps_nobody_waiting(
    quick: Served, content: bytes, status: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_answer, "LINGER_S", DEADLINE_S)
    with quick.connected() as client:
        client.sendall(post("/quick/first") + content + post("/quick/next"))
        assert [each[:3] for each in everything(client).split(b"HTTP/1.1 ")[1:]] == [b"200", status]
        for _ in range(3):
            assert_others_are_served(quick)
            client.sendall(b"more")  # the server goes on reading
    assert [head.target for head in quick.heads] == ["/quick/first", *["/quick/other"] * 3]


class Flood(ConnectionSocket):
    """The socket of a client that reads nothing, and sends without a pause."""

    def sendall(self, *_: object) -> None:
        pass

    def shutdown(self, how: int, /) -> None:
        pass

    def recv(self, *_: object) -> bytes:
        return b"x"


def test_a_refused_client_that_sends_without_a_pause_keeps_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_answer, "LINGER_S", 0.05)
    seen, ended = list[str](), threading.Event()

    def read() -> None:
        last_answer.send_last(connection, b"")
        seen.append("read")
        ended.set()

    def both() -> None:
        event_loop().run(read)
        event_loop().run(lambda: seen.append("other"))

    with Flood() as connection:
        on_the_loop(both)
        assert ended.wait(DEADLINE_S)
    assert seen == ["other", "read"]


def test_the_body_of_a_refused_quick_request_is_read_before_the_answer(
    quick: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(last_answer, "LINGER_S", 0.001)
    refused = post("/quick", b"x" * 20_000_000).replace(b"localhost", b"evil.example")
    assert quick.exchange(refused).startswith(b"HTTP/1.1 403 ")
    assert quick.heads == []


def test_a_stop_ends_a_connection_that_is_idle_after_a_quick_request() -> None:
    with running("127.0.0.1", is_quick=is_quick) as served, served.connected() as idle:
        idle.sendall(post("/quick"))
        assert answer_of(idle) == b"ok"
        served.stop()
        assert everything(idle) == b""


def test_a_stop_lets_the_quick_request_in_progress_finish() -> None:
    began, goes_on = threading.Event(), threading.Event()

    def answer(_: Request) -> Answer:
        began.set()
        assert in_a_thread(lambda: goes_on.wait(DEADLINE_S))
        return OK

    with running("127.0.0.1", is_quick=is_quick) as served, served.connected() as busy:
        served.answer = answer
        busy.sendall(post("/quick"))
        assert began.wait(DEADLINE_S)
        served.stop()
        until(lambda: is_free(served.port), "the port to be free")
        goes_on.set()
        assert everything(busy).endswith(b"ok")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(time_limits, "IDLE_S", 0.05)
    monkeypatch.setattr(time_limits, "STALLED_S", 0.05)
    with running("127.0.0.1", is_quick=is_quick) as served:
        yield served


@pytest.mark.parametrize("more", [b"", b"POST /qu", post("/quick", b"body")[:-1]])
def test_a_client_that_sends_nothing_more_is_let_go_by_the_loop(impatient: Served, more: bytes) -> None:
    with impatient.connected() as client:
        client.sendall(post("/quick") + more)
        assert everything(client).count(b"200 OK") == 1  # until the server closes


@at_hand_or_not
def test_a_client_that_takes_nothing_is_let_go_by_the_loop(impatient: Served, is_at_hand: bool) -> None:
    parts = Parts()
    impatient.answer = large(parts, is_at_hand)
    with impatient.connected() as client:
        client.sendall(post("/quick/large"))
        assert parts.ended.wait(DEADLINE_S)
        until(lambda: not gateway_threads(), "the connection's thread to end")


def test_others_run_between_requests_that_a_client_has_sent_at_once(
    quick: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "TURN_S", 0.0)
    seen = list[str]()

    def answer(_: Request) -> Answer:
        seen.append("request")
        if len(seen) == 1:
            event_loop().run(lambda: seen.append("other"))
        return OK

    quick.answer = answer
    requests = post("/quick") * 3
    assert quick.exchange(requests).count(b"200 OK") == 3
    assert seen == ["request", "other", "request", "request"]
