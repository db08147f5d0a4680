import threading

import pytest

from localstack_plugin.timer_thread import TimerThread

DEADLINE_S = 10
NEVER_S = 600.0


@pytest.fixture
def timers() -> TimerThread:
    return TimerThread()


@pytest.fixture
def called() -> threading.Event:
    return threading.Event()


def test_callbacks_are_called_in_the_order_in_which_they_are_due(timers: TimerThread, called: threading.Event) -> None:
    order: list[str] = []

    timers.start(NEVER_S, lambda: order.append("never"))
    timers.start(0.1, called.set)
    timers.start(0.05, lambda: order.append("later"))
    timers.start(0.0, lambda: order.append("sooner"))
    assert called.wait(DEADLINE_S)
    assert order == ["sooner", "later"]


def test_a_cancelled_callback_is_not_called(timers: TimerThread, called: threading.Event) -> None:
    order: list[str] = []
    cancelled = timers.start(0.05, lambda: order.append("cancelled"))
    timers.start(0.1, called.set)
    timers.cancel(cancelled)
    assert called.wait(DEADLINE_S)
    timers.cancel(cancelled)
    assert order == []


def test_cancelled_timers_are_dropped(timers: TimerThread) -> None:
    kept = [timers.start(NEVER_S, print) for _ in range(10)]
    for _ in range(1000):
        timers.cancel(timers.start(NEVER_S, print))
    assert len(timers) <= 3 * len(kept)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_callback_that_fails_does_not_stop_the_thread(timers: TimerThread, called: threading.Event) -> None:
    timers.start(0.0, lambda: 1 / 0)
    timers.start(0.05, called.set)
    assert called.wait(DEADLINE_S)
