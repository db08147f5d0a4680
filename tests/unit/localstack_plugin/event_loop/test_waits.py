"""Waits in a greenlet of the event loop, and the same calls in a thread."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from tests.unit.localstack_plugin.event_loop.greenlets import DEADLINE_S, LONG_S, new_wait, on_loop, start
from tests.waiting import until

from localstack_plugin.event_loop import loop, waits
from localstack_plugin.event_loop.loop import Wait, is_on_loop
from localstack_plugin.event_loop.waits import give_way, in_a_thread, on_the_loop, run_in_a_thread
from localstack_plugin.idle_threads import IdleThreads

ERRORS = [ValueError("oh"), SystemExit(1), KeyboardInterrupt()]


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def order_of_two_rows() -> list[str]:
    """Run two greenlets that give way three times each, and return their names as they run."""
    seen = list[str]()

    def row(name: str) -> None:
        for _ in range(3):
            seen.append(name)
            give_way()

    for outcome in on_loop(lambda: [start(lambda: row("a")), start(lambda: row("b"))]):
        outcome.result(DEADLINE_S)
    return seen


def test_greenlets_that_give_way_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TURN_S", 0.0)
    assert order_of_two_rows() == ["a", "b"] * 3


def test_a_greenlet_that_has_just_begun_need_not_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "TURN_S", LONG_S)
    assert order_of_two_rows() == ["a"] * 3 + ["b"] * 3


def test_a_thread_need_not_give_way() -> None:
    give_way()
    assert on_loop(lambda: 1) == 1


def test_a_call_that_blocks_has_a_thread_while_others_run() -> None:
    go_on = threading.Event()

    def blocked() -> tuple[bool, bool]:
        return in_a_thread(lambda: (is_on_loop(), go_on.wait(DEADLINE_S)))

    outcomes = [start(blocked) for _ in range(5)]
    on_loop(lambda: None)
    assert not any(outcome.done() for outcome in outcomes)
    go_on.set()
    assert [outcome.result(DEADLINE_S) for outcome in outcomes] == [(False, True)] * 5


def test_a_call_that_does_not_block_has_ended_before_the_wait_for_it() -> None:
    assert on_loop(lambda: [in_a_thread(partial(abs, n)) for n in range(300)]) == list(range(300))


def test_a_thread_that_may_block_makes_the_call_itself() -> None:
    assert in_a_thread(threading.get_ident) == threading.get_ident()


@pytest.mark.parametrize("error", ERRORS)
def test_what_a_call_in_a_thread_raises_is_raised_in_the_greenlet(error: BaseException) -> None:
    def caught() -> BaseException:
        with pytest.raises(type(error)) as raised:
            in_a_thread(raising(error))
        return raised.value

    assert on_loop(caught) is error
    assert on_loop(lambda: in_a_thread(lambda: 1)) == 1


def test_a_call_on_the_loop_returns_what_it_returns() -> None:
    assert on_the_loop(is_on_loop)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda number: on_the_loop(lambda: -number), range(200))) == [-n for n in range(200)]


def test_a_call_on_the_loop_may_wait() -> None:
    def patient() -> str:
        new_wait().wait(0.01)
        return in_a_thread(lambda: "result")

    assert on_the_loop(patient) == "result"


@pytest.mark.parametrize("error", ERRORS)
def test_what_a_call_on_the_loop_raises_is_raised_in_the_thread(error: BaseException) -> None:
    with pytest.raises(type(error)) as raised:
        on_the_loop(raising(error))
    assert raised.value is error
    assert on_loop(is_on_loop)


def test_others_run_while_a_thread_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """To start a thread takes long where others hold Python's lock."""
    may_start, has_run = threading.Event(), threading.Event()

    class Slow(IdleThreads):
        def run(self, call: Callable[[], object]) -> None:
            assert may_start.wait(DEADLINE_S)
            super().run(call)

    monkeypatch.setattr(waits, "IDLE_THREADS", Slow())
    outcomes = on_loop(lambda: [start(lambda: run_in_a_thread(has_run.set)), start(may_start.set)])
    assert outcomes[0].result(DEADLINE_S) is None
    assert has_run.wait(DEADLINE_S)


def test_a_thread_that_cannot_be_started_is_an_error_of_who_wants_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(IdleThreads):
        def run(self, call: Callable[[], object]) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(waits, "IDLE_THREADS", Full())
    with pytest.raises(RuntimeError, match="new thread"):
        on_loop(lambda: run_in_a_thread(give_way))
    monkeypatch.undo()
    assert on_loop(lambda: in_a_thread(is_on_loop)) is False


def test_an_idle_thread_is_used_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    threads, names = IdleThreads(), list[str]()
    monkeypatch.setattr(waits, "IDLE_THREADS", threads)
    on_loop(lambda: in_a_thread(lambda: names.append(threading.current_thread().name)))
    until(lambda: bool(threads._idle), "the thread to be idle")
    on_loop(lambda: in_a_thread(lambda: names.append(threading.current_thread().name)))
    assert names[0] == names[1]


def test_a_wait_that_ends_while_its_greenlet_waits_for_something_else_does_not_end_that() -> None:
    first, second = list[Wait](), list[Wait]()
    seen = list[str]()

    def wait_for_two() -> None:
        first.append(new_wait())
        second.append(new_wait())
        second[0].wait(LONG_S)
        seen.append("second")
        assert first[0].wait(LONG_S)
        seen.append("first")

    def wake() -> None:
        first[0].wake()
        give_way()
        seen.append("other")
        second[0].wake()

    outcomes = on_loop(lambda: [start(wait_for_two), start(wake)])
    for outcome in outcomes:
        outcome.result(DEADLINE_S)
    assert seen == ["other", "second", "first"]
