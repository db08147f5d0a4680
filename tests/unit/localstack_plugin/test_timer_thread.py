import threading

import pytest

from localstack_plugin.lambda_executor.warm_environments.timer_thread import Clock

DEADLINE_S = 10
NEVER_S = 600.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def called() -> threading.Event:
    return threading.Event()


def test_what_is_due_sooner_is_called_first(clock: Clock, called: threading.Event) -> None:
    order: list[str] = []

    clock.call(NEVER_S, lambda: order.append("never"))
    clock.call(0.1, called.set)
    clock.call(0.05, lambda: order.append("later"))
    clock.call(0.0, lambda: order.append("sooner"))
    assert called.wait(DEADLINE_S)
    assert order == ["sooner", "later"]


def test_what_is_cancelled_is_not_called(clock: Clock, called: threading.Event) -> None:
    order: list[str] = []
    cancelled = clock.call(0.05, lambda: order.append("cancelled"))
    clock.call(0.1, called.set)
    clock.cancel(cancelled)
    assert called.wait(DEADLINE_S)
    clock.cancel(cancelled)
    assert order == []


def test_what_is_cancelled_is_not_kept(clock: Clock) -> None:
    kept = [clock.call(NEVER_S, print) for _ in range(10)]
    for _ in range(1000):
        clock.cancel(clock.call(NEVER_S, print))
    assert len(clock) <= 3 * len(kept)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_call_that_fails_does_not_stop_the_clock(clock: Clock, called: threading.Event) -> None:
    clock.call(0.0, lambda: 1 / 0)
    clock.call(0.05, called.set)
    assert called.wait(DEADLINE_S)
