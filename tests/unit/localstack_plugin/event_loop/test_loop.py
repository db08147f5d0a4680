"""The event loop: greenlets that wait, are woken, and time out."""

import gc
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import ContextVar
from functools import partial
from select import select

import pytest
from tests.unit.localstack_plugin.event_loop.greenlets import DEADLINE_S, LONG_S, new_wait, on_loop, start
from tests.waiting import until

from localstack_plugin.event_loop import loop as loop_module
from localstack_plugin.event_loop.loop import COMPACTED, Loop, Wait, event_loop, is_on_loop

SHORT_S = 0.05


def test_a_greenlet_that_waits_lets_others_run_until_it_is_woken() -> None:
    seen, waits = list[str](), list[Wait]()

    def first() -> None:
        waits.append(new_wait())
        seen.append("first waits")
        waits[0].wait()
        seen.append("first goes on")

    def second() -> None:
        waits[0].wake()
        seen.append("second has woken it")

    for outcome in (start(first), start(second)):
        outcome.result(DEADLINE_S)
    assert seen == ["first waits", "second has woken it", "first goes on"]


def test_a_wait_that_was_woken_before_it_began_ends() -> None:
    def woken_before() -> bool:
        wait = new_wait()
        wait.wake()
        return wait.wait(DEADLINE_S)

    assert on_loop(woken_before)


def test_a_wait_that_another_thread_woke_before_it_began_ends() -> None:
    def woken_before() -> bool:
        wait = new_wait()
        thread = threading.Thread(target=wait.wake)
        thread.start()
        thread.join()
        return wait.wait(DEADLINE_S)

    assert on_loop(woken_before)


def test_another_thread_wakes_an_idle_loop() -> None:
    waits = list[Wait]()

    def waiting() -> bool:
        waits.append(new_wait())
        return waits[0].wait()

    outcome = start(waiting)
    until(lambda: waits, "the wait")
    until(lambda: event_loop()._is_idle, "the loop to have nothing to do")
    waits[0].wake()
    assert outcome.result(DEADLINE_S)


def test_a_second_wake_does_not_end_the_next_wait() -> None:
    def twice() -> bool:
        first = new_wait()
        first.wake()
        first.wake()
        assert first.wait(DEADLINE_S)
        return new_wait().wait(SHORT_S)

    assert not on_loop(twice)


def test_the_time_limit_of_an_ended_wait_does_not_end_the_next() -> None:
    def twice() -> bool:
        first = new_wait()
        first.wake()
        assert first.wait(0.01)
        assert not first.has_timed_out
        return new_wait().wait(SHORT_S)

    assert not on_loop(twice)


def test_a_wake_at_the_moment_when_the_time_is_up_counts() -> None:
    def waiting() -> tuple[bool, bool]:
        wait = new_wait()
        wait.wake()
        is_woken = wait.wait(0.0)
        new_wait().wait(SHORT_S)
        return is_woken, wait.has_timed_out

    assert on_loop(waiting) == (True, False)


@pytest.mark.parametrize("timeout_s", [0.0, 0.01])
def test_a_wait_that_nobody_ends_times_out(timeout_s: float) -> None:
    def waiting() -> tuple[bool, bool, float]:
        wait, began = new_wait(), time.monotonic()
        return wait.wait(timeout_s), wait.has_timed_out, time.monotonic() - began

    is_woken, has_timed_out, lasted_s = on_loop(waiting)
    assert (is_woken, has_timed_out) == (False, True)
    assert timeout_s <= lasted_s


def test_a_wake_after_the_time_limit_ends_nothing() -> None:
    def waiting() -> bool:
        wait = new_wait()
        assert not wait.wait(0.0)
        wait.wake()
        return new_wait().wait(SHORT_S) or not wait.has_timed_out

    assert not on_loop(waiting)


def test_waits_time_out_in_the_order_of_their_ends() -> None:
    ends, ended = dict[int, float](), list[int]()

    def waiting(number: int) -> None:
        timeout_s = SHORT_S * (number * 2 % 5)
        ends[number] = time.monotonic() + timeout_s
        new_wait().wait(timeout_s)
        ended.append(number)

    outcomes = [start(partial(waiting, number)) for number in range(5)]
    for outcome in outcomes:
        outcome.result(DEADLINE_S)
    assert ended == sorted(ends, key=ends.__getitem__)


def test_a_wait_without_a_time_limit_outlasts_those_with_one() -> None:
    waits = list[Wait]()

    def unlimited() -> bool:
        waits.append(new_wait())
        return waits[0].wait()

    outcome = start(unlimited)
    on_loop(lambda: new_wait().wait(SHORT_S))
    assert not outcome.done()
    waits[0].wake()
    assert outcome.result(DEADLINE_S)


def woken_at_once(count: int) -> None:
    for _ in range(count):
        wait = new_wait()
        wait.wake()
        assert wait.wait(LONG_S)


def test_waits_that_have_ended_are_not_kept_until_their_time_is_up() -> None:
    on_loop(lambda: woken_at_once(4 * COMPACTED))
    # isinstance would ask the objects of other tests for their class, and torch's answer with a warning.
    kept = sum(type(each) is Wait for each in gc.get_objects())
    assert kept < 2 * COMPACTED


def test_waits_that_go_on_keep_their_time_limits_when_others_have_ended() -> None:
    waits = list[Wait]()

    def unfinished() -> bool:
        waits.append(new_wait())
        return waits[-1].wait(LONG_S)

    pending = [start(unfinished) for _ in range(20)]
    limited = [start(lambda: new_wait().wait(SHORT_S)) for _ in range(20)]
    on_loop(lambda: woken_at_once(2 * COMPACTED))
    assert not any(outcome.result(DEADLINE_S) for outcome in limited)
    assert not any(outcome.done() for outcome in pending)
    for wait in waits:
        wait.wake()
    assert all(outcome.result(DEADLINE_S) for outcome in pending)


@pytest.mark.parametrize("error", [ValueError("oh"), SystemExit(1), KeyboardInterrupt()])
def test_a_call_that_fails_is_logged_and_does_not_end_the_loop(
    error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> None:
        raise error

    event_loop().run(fail)
    assert on_loop(is_on_loop)
    assert "a greenlet of the event loop has failed" in caplog.messages
    assert any(record.exc_info and record.exc_info[1] is error for record in caplog.records)


def test_a_greenlet_that_fails_after_a_wait_does_not_end_the_loop(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        new_wait().wait(0.0)
        raise SystemExit(1)

    event_loop().run(fail)
    until(lambda: caplog.messages, "the failure")
    assert on_loop(is_on_loop)


def test_all_greenlets_are_in_one_thread_which_is_no_other() -> None:
    assert len({on_loop(threading.get_ident) for _ in range(5)} - {threading.get_ident()}) == 1
    assert on_loop(is_on_loop)
    assert not is_on_loop()


def test_context_variables_of_one_greenlet_are_not_seen_by_another() -> None:
    name = ContextVar("name", default="default")

    def noted() -> tuple[str, str]:
        before = name.get()
        name.set("changed")
        new_wait().wait(0.0)
        return before, name.get()

    outcomes = [start(noted) for _ in range(3)]
    assert [outcome.result(DEADLINE_S) for outcome in outcomes] == [("default", "changed")] * 3
    assert on_loop(name.get) == "default"


def in_threads(count: int, call: Callable[[], object]) -> None:
    """Call in this many threads at once, and raise what the calls raise."""
    with ThreadPoolExecutor(count) as pool:
        calls: list[Future[object]] = [pool.submit(call) for _ in range(count)]
    for each in calls:
        each.result(0)


def test_no_run_of_many_threads_is_lost() -> None:
    ran = list[int]()

    def run_many() -> None:
        for number in range(500):
            event_loop().run(partial(ran.append, number))

    in_threads(20, run_many)
    until(lambda: len(ran) == 20 * 500, "all runs")


def test_a_run_at_the_moment_when_the_loop_begins_to_wait_wakes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    ran = threading.Event()

    def asked_meanwhile() -> float:
        monkeypatch.undo()
        event_loop().run(ran.set)
        return LONG_S

    monkeypatch.setattr(event_loop(), "_seconds_to_timer", asked_meanwhile)
    on_loop(lambda: None)
    assert ran.wait(DEADLINE_S)


def test_a_loop_that_has_been_woken_rests_again() -> None:
    on_loop(lambda: None)
    bell = event_loop()._woken
    until(lambda: not select([bell], [], [], 0)[0], "the bell to be heard", DEADLINE_S)
    until(lambda: event_loop()._is_idle, "the loop to have nothing to do", DEADLINE_S)


@pytest.mark.parametrize("threads", [1, 20])
def test_each_run_wakes_a_loop_that_has_nothing_to_do(threads: int) -> None:
    def ask_often() -> None:
        for number in range(2000 // threads):
            assert on_loop(partial(abs, number)) == number

    in_threads(threads, ask_often)


def test_greenlets_that_start_greenlets_are_all_run() -> None:
    ran = list[int]()

    def run(depth: int) -> None:
        ran.append(depth)
        if depth:
            for _ in range(2):
                event_loop().run(lambda: run(depth - 1))

    event_loop().run(lambda: run(9))
    until(lambda: len(ran) == 2**10 - 1, "all of them")


def test_threads_that_ask_for_the_loop_at_the_same_time_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "_loop", None)
    together = threading.Barrier(8)

    def ask(_: int) -> Loop:
        together.wait(DEADLINE_S)
        return event_loop()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(8)))) == 1
