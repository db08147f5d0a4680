"""Invocations by greenlets: the server's end of the line to a function's process, without a process."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from threading import Thread

import pytest
from tests.unit.localstack_plugin.event_loop.greenlets import DEADLINE_S, on_loop, start
from tests.waiting import until

from localstack_plugin.event_loop.loop import is_on_loop
from localstack_plugin.lambda_executor.errors import ResponseTooLarge, RuntimeExited
from localstack_plugin.lambda_executor.runtime_api.api import RuntimeApi
from localstack_plugin.lambda_executor.runtime_api.invocations import MAX_RESPONSE_BYTES, Invocation, Outcome
from localstack_plugin.lambda_executor.runtime_api.line import ERROR, MESSAGE, READY, RESPONSE, Line, LineEnded, event

INVOCATION = Invocation("id", "arn", "trace", b'{"n": 1}', deadline_ms=5)
LARGE = replace(INVOCATION, payload=b"x" * MAX_RESPONSE_BYTES)
"""More than a socket's buffer takes."""
Ends = tuple[Line, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Yield the server's end of a line, and the process's."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.settimeout(DEADLINE_S)
        line = Line(ours)
        yield line, theirs
        line.close()


def invoke(line: Line, invocation: Invocation = INVOCATION, timeout_s: float = DEADLINE_S) -> Future[Outcome]:
    return start(lambda: line.invoke(invocation, timeout_s))


def take(theirs: socket.socket, number: int = 1, invocation: Invocation = INVOCATION) -> None:
    """Read an event, as the process does."""
    expected, received = event(number, invocation), bytearray()
    while len(received) < len(expected):
        part = theirs.recv(len(expected) - len(received))
        assert part, "the line has ended"
        received += part
    assert received == expected


def answer(body: bytes, number: int = 1, kind: bytes = RESPONSE) -> bytes:
    return MESSAGE.pack(kind, number, len(body)) + body


@pytest.mark.parametrize("kind", [RESPONSE, ERROR])
def test_an_answer_may_arrive_in_parts_between_which_others_run(ends: Ends, kind: bytes) -> None:
    line, theirs = ends
    outcome = invoke(line)
    take(theirs)
    for byte in answer(b"hello", kind=kind):
        assert on_loop(is_on_loop)
        assert not outcome.done()
        theirs.send(bytes([byte]))
    assert outcome.result(DEADLINE_S) == Outcome(b"hello", is_error=kind == ERROR)


def test_a_line_carries_one_invocation_after_another(ends: Ends) -> None:
    line, theirs = ends
    for number in range(1, 50):
        outcome = invoke(line)
        take(theirs, number)
        theirs.sendall(answer(b"%d" % number, number))
        assert outcome.result(DEADLINE_S).payload == b"%d" % number


def test_an_event_larger_than_the_buffer_is_sent_while_others_run(ends: Ends) -> None:
    line, theirs = ends
    outcome = invoke(line, LARGE)
    assert on_loop(is_on_loop)
    assert not outcome.done()
    take(theirs, 1, LARGE)
    theirs.sendall(answer(LARGE.payload))
    assert outcome.result(DEADLINE_S).payload == LARGE.payload


def test_many_lines_are_waited_for_at_once() -> None:
    pairs = [socket.socketpair() for _ in range(30)]
    lines = [Line(ours) for ours, _ in pairs]
    outcomes = [invoke(line) for line in lines]
    for number in reversed(range(30)):
        theirs = pairs[number][1]
        take(theirs)
        theirs.sendall(answer(b"%d" % number))
        assert outcomes[number].result(DEADLINE_S).payload == b"%d" % number
        assert not any(outcome.done() for outcome in outcomes[:number])
        lines[number].close()
        theirs.close()


def test_an_invocation_that_timed_out_leaves_its_late_answer_to_nobody(ends: Ends) -> None:
    line, theirs = ends
    with pytest.raises(TimeoutError):
        invoke(line, timeout_s=0.01).result(DEADLINE_S)
    take(theirs)
    outcome = invoke(line)
    take(theirs, 2)
    theirs.sendall(answer(b"late") + answer(b"second", 2))
    assert outcome.result(DEADLINE_S).payload == b"second"


def test_messages_that_are_no_answer_do_not_extend_the_time_limit(ends: Ends) -> None:
    line, theirs = ends
    outcome = invoke(line, timeout_s=0.2)
    take(theirs)

    def has_ended() -> bool:
        with suppress(BlockingIOError):  # nobody reads after the time-out
            theirs.send(answer(b"", 0, READY) + answer(b"", 0), socket.MSG_DONTWAIT)
        return outcome.done()

    until(has_ended, "the time-out", DEADLINE_S)
    assert isinstance(outcome.exception(), TimeoutError)


def test_a_process_that_reads_an_event_slowly_does_not_extend_the_time_limit(ends: Ends) -> None:
    line, theirs = ends
    outcome, read_bytes = invoke(line, LARGE, 0.2), 0

    def has_ended() -> bool:
        nonlocal read_bytes
        with suppress(BlockingIOError):
            read_bytes += len(theirs.recv(60_000, socket.MSG_DONTWAIT))  # makes room for another part
        return outcome.done()

    until(has_ended, "the time-out", DEADLINE_S)
    assert isinstance(outcome.exception(), TimeoutError)
    assert read_bytes < MAX_RESPONSE_BYTES / 2, "it waited until the whole event was read"


@pytest.mark.parametrize("invocation", [INVOCATION, LARGE])
@pytest.mark.parametrize("end", [lambda theirs, line: theirs.close(), lambda theirs, line: line.end()])
def test_an_invocation_fails_when_the_line_ends(
    ends: Ends, invocation: Invocation, end: Callable[[socket.socket, Line], None]
) -> None:
    """The greenlet waits for the answer, or for room."""
    line, theirs = ends
    outcome = invoke(line, invocation)
    theirs.recv(1)
    on_loop(lambda: None)
    end(theirs, line)
    with pytest.raises(LineEnded):
        outcome.result(DEADLINE_S)
    assert on_loop(is_on_loop)


def test_closing_the_line_wakes_the_greenlet_and_waits_for_it(ends: Ends) -> None:
    line, theirs = ends
    outcome = invoke(line)
    take(theirs)
    closing = Thread(target=line.close)
    closing.start()
    with pytest.raises(LineEnded):
        outcome.result(DEADLINE_S)
    closing.join(DEADLINE_S)
    assert line.fileno() == -1


def test_what_the_runtime_client_does_not_say_ends_the_line(ends: Ends) -> None:
    line, theirs = ends
    outcome = invoke(line)
    take(theirs)
    theirs.sendall(b"GET / HTTP/1.1\r\n\r\n")
    with pytest.raises(LineEnded):
        outcome.result(DEADLINE_S)
    assert theirs.recv(1) == b""


def test_an_answer_beyond_lambdas_limit_fails_the_invocation_before_it_has_arrived(ends: Ends) -> None:
    line, theirs = ends
    outcome = invoke(line)
    take(theirs)
    theirs.sendall(MESSAGE.pack(RESPONSE, 1, MAX_RESPONSE_BYTES + 1))
    with pytest.raises(ResponseTooLarge):
        outcome.result(DEADLINE_S)


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    """Yield the Runtime API of a process that does not use its line."""
    ours, theirs = socket.socketpair()
    with theirs:
        api = RuntimeApi("secret", Line(ours))
        yield api
        api.close()


def test_a_process_without_a_line_is_waited_for_while_others_run(api: RuntimeApi) -> None:
    outcome = start(lambda: api.invoke(INVOCATION, DEADLINE_S))
    for _ in range(3):
        assert on_loop(is_on_loop)
    assert not outcome.done()
    api.end(RuntimeExited(3), grace_s=0)
    with pytest.raises(RuntimeExited, match="exit status 3"):
        outcome.result(DEADLINE_S)


def test_a_process_without_a_line_that_does_not_answer_times_out(api: RuntimeApi) -> None:
    with pytest.raises(TimeoutError):
        on_loop(lambda: api.invoke(INVOCATION, 0.01))
