"""The condition that threads and greenlets wait for together."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial

import pytest
from tests.unit.localstack_plugin.event_loop.greenlets import DEADLINE_S, on_loop, start
from tests.waiting import until

from localstack_plugin.event_loop.waits import Condition, give_way

Start = Callable[[Callable[[], bool]], Future[bool]]


@pytest.fixture(params=["greenlet", "thread"])
def begin(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start a call in a greenlet, or in a thread."""
    if request.param == "greenlet":
        yield start
        return
    with ThreadPoolExecutor(8) as pool:
        yield pool.submit


class Waiting:
    """Callers that wait for one condition, and how many they are."""

    def __init__(self) -> None:
        self.condition, self.waiting = Condition(), 0

    def __call__(self, timeout_s: float = DEADLINE_S) -> bool:
        with self.condition:
            self.waiting += 1
            return self.condition.wait(timeout_s)

    @contextmanager
    def held(self, count: int) -> Iterator[Condition]:
        """Hold the condition, which this many have begun to wait for."""
        until(lambda: self.waiting == count, f"{count} to wait")
        with self.condition:
            yield self.condition


def done(outcomes: list[Future[bool]]) -> int:
    return sum(outcome.done() for outcome in outcomes)


def test_each_notification_wakes_one_that_waits(begin: Start) -> None:
    waiting = Waiting()
    outcomes = [begin(waiting) for _ in range(3)]
    for count in range(1, 4):
        with waiting.held(3) as condition:
            condition.notify()
        until(lambda count=count: done(outcomes) == count, f"{count} to be woken")  # type: ignore[misc]
        on_loop(lambda: None)
        assert done(outcomes) == count
    assert all(outcome.result(DEADLINE_S) for outcome in outcomes)


def test_all_are_notified_whether_thread_or_greenlet() -> None:
    waiting = Waiting()
    with ThreadPoolExecutor(5) as pool:
        outcomes = [each for _ in range(5) for each in (start(waiting), pool.submit(waiting))]
        with waiting.held(10) as condition:
            condition.notify_all()
        assert all(outcome.result(DEADLINE_S) for outcome in outcomes)


def test_the_first_that_waits_is_notified_first_whether_thread_or_greenlet() -> None:
    waiting, woken = Waiting(), list[int]()

    def wait(number: int) -> None:
        waiting()
        woken.append(number)

    with ThreadPoolExecutor(3) as pool:
        for number in range(6):
            (start if number % 2 else pool.submit)(partial(wait, number))
            until(lambda number=number: waiting.waiting == number + 1, f"{number} to wait")  # type: ignore[misc]
        for number in range(6):
            with waiting.held(6) as condition:
                condition.notify()
            until(lambda number=number: len(woken) == number + 1, f"{number} to be woken")  # type: ignore[misc]
    assert woken == list(range(6))


def test_a_wait_that_nobody_notifies_times_out(begin: Start) -> None:
    assert not begin(lambda: Waiting()(0.01)).result(DEADLINE_S)


def test_who_has_timed_out_takes_no_notification_from_others(begin: Start) -> None:
    waiting = Waiting()
    assert not begin(lambda: waiting(0.0)).result(DEADLINE_S)
    outcome = begin(waiting)
    with waiting.held(2) as condition:
        condition.notify()
    assert outcome.result(DEADLINE_S)


def test_a_notification_that_nobody_waits_for_is_forgotten(begin: Start) -> None:
    waiting = Waiting()
    with waiting.held(0) as condition:
        condition.notify()
        condition.notify_all()
    assert not begin(lambda: waiting(0.01)).result(DEADLINE_S)


def test_who_waits_holds_the_lock_again_afterwards(begin: Start) -> None:
    condition, held = Condition(), threading.Event()

    def wait(timeout_s: float) -> bool:
        with condition:
            condition.wait(timeout_s)
            held.set()
            return condition._lock.locked()

    assert begin(lambda: wait(0.01)).result(DEADLINE_S)
    assert held.is_set()
    assert not condition._lock.locked()


class NotifyingLock:
    """A lock at whose first release somebody else notifies."""

    def __init__(self, condition: Condition) -> None:
        self._condition, self._lock, self._is_first = condition, threading.Lock(), True

    def acquire(self) -> None:
        self._lock.acquire()

    def release(self) -> None:
        self._lock.release()
        if self._is_first:
            self._is_first = False
            with self._condition:
                self._condition.notify()


def test_a_notification_as_soon_as_the_lock_is_free_is_not_lost(begin: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = Waiting()
    monkeypatch.setattr(waiting.condition, "_lock", NotifyingLock(waiting.condition))
    assert begin(lambda: waiting(1.0)).result(DEADLINE_S)


class Tokens:
    """Tokens of which each has one owner at a time, who takes it, lets others run, and hands it on."""

    def __init__(self, count: int) -> None:
        self.changed, self.free, self.taken = Condition(), count, 0

    def pass_on(self, times: int, pause: Callable[[], None]) -> bool:
        for _ in range(times):
            with self.changed:
                while not self.free:
                    assert self.changed.wait(DEADLINE_S), "a notification was lost"
                self.free -= 1
            pause()
            with self.changed:
                self.free += 1
                self.taken += 1
                self.changed.notify()
        return True


def test_nobody_is_lost_when_greenlets_and_threads_pass_tokens() -> None:
    tokens = Tokens(3)
    with ThreadPoolExecutor(20) as pool:
        outcomes = [pool.submit(tokens.pass_on, 50, lambda: None) for _ in range(20)]
        outcomes += [start(lambda: tokens.pass_on(50, give_way)) for _ in range(50)]
        assert all(outcome.result(2 * DEADLINE_S) for outcome in outcomes)
    assert (tokens.free, tokens.taken) == (3, 70 * 50)
