"""Greenlets that wait for sockets."""

import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest
from tests.unit.localstack_plugin.event_loop.greenlets import DEADLINE_S, LONG_S, new_wait, on_loop, start
from tests.waiting import until

from localstack_plugin.event_loop.waits import readable, writable

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for end in (ours, theirs):
            end.setblocking(False)
        yield ours, theirs


def fill(end: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            end.send(b"x" * 65_536)


def empty(end: socket.socket) -> None:
    with suppress(BlockingIOError):
        while True:
            end.recv(1 << 20)


def test_a_socket_is_readable_when_something_arrives(ends: Ends) -> None:
    ours, theirs = ends
    outcome = start(lambda: readable(ours, DEADLINE_S))
    on_loop(lambda: None)
    assert not outcome.done()
    theirs.send(b"x")
    assert outcome.result(DEADLINE_S)
    assert on_loop(lambda: readable(ours, None)), "it still is"


def test_a_socket_is_readable_at_its_end(ends: Ends) -> None:
    ours, theirs = ends
    outcome = start(lambda: readable(ours, DEADLINE_S))
    on_loop(lambda: None)
    theirs.close()
    assert outcome.result(DEADLINE_S)


def test_a_socket_is_writable_when_there_is_room(ends: Ends) -> None:
    ours, theirs = ends
    assert on_loop(lambda: writable(ours, None))
    fill(ours)
    outcome = start(lambda: writable(ours, DEADLINE_S))
    on_loop(lambda: None)
    assert not outcome.done()
    empty(theirs)
    assert outcome.result(DEADLINE_S)


@pytest.mark.parametrize("wait", [readable, writable])
def test_a_socket_that_is_not_ready_times_out_and_can_be_waited_for_again(
    ends: Ends, wait: Callable[[socket.socket, float | None], bool]
) -> None:
    ours, theirs = ends
    fill(ours)
    for timeout_s in (0.0, 0.01):
        assert not on_loop(partial(wait, ours, timeout_s))
    outcome = start(lambda: wait(ours, LONG_S))
    empty(theirs)
    theirs.send(b"x")
    assert outcome.result(DEADLINE_S)


def test_one_socket_may_be_waited_for_many_times_both_ways(ends: Ends) -> None:
    ours, theirs = ends

    def echo() -> int:
        size = 0
        while readable(ours, DEADLINE_S) and (data := ours.recv(10)):
            assert writable(ours, DEADLINE_S)
            size += ours.send(data)
        return size

    outcome = start(echo)
    theirs.settimeout(DEADLINE_S)
    for number in range(200):
        theirs.send(b"%d" % number)
        assert theirs.recv(10) == b"%d" % number
    theirs.shutdown(socket.SHUT_WR)
    assert outcome.result(DEADLINE_S) == 490


def test_a_socket_that_is_ready_when_its_time_is_up_ends_one_wait_only(ends: Ends) -> None:
    ours, theirs = ends

    def both() -> bool:
        began = readable(ours, 0.0)
        theirs.send(b"x")
        assert readable(ours, 0.0) or readable(ours, None)
        ours.recv(1)
        return began or readable(ours, 0.02) or readable(ours, 0.02)

    assert not any(on_loop(both) for _ in range(5))


def test_nothing_is_heard_of_a_socket_that_nobody_waits_for(ends: Ends) -> None:
    ours, theirs = ends
    assert not on_loop(lambda: readable(ours, 0.0))
    theirs.send(b"x")
    on_loop(lambda: new_wait().wait(0.01))
    assert ours.recv(1) == b"x"


def test_each_of_many_sockets_wakes_its_own_greenlet() -> None:
    pairs = [socket.socketpair() for _ in range(50)]
    woken = list[int]()

    def wait(number: int) -> None:
        assert readable(pairs[number][0], DEADLINE_S)
        assert pairs[number][0].recv(10) == b"%d" % number
        woken.append(number)

    outcomes = [start(partial(wait, number)) for number in range(50)]
    order = [number * 7 % 50 for number in range(50)]
    for count, number in enumerate(order, 1):
        pairs[number][1].send(b"%d" % number)
        until(lambda count=count: len(woken) == count, f"greenlet {number}")  # type: ignore[misc]
    assert woken == order
    for outcome, pair in zip(outcomes, pairs, strict=True):
        outcome.result(DEADLINE_S)
        for end in pair:
            end.close()
