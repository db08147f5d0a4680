"""Threads that Step Functions uses again."""

import threading
from contextvars import ContextVar

from tests.waiting import until

from localstack_plugin.idle_threads import IdleThreads
from localstack_plugin.stepfunctions.executions.reused_threads import ReusedThread

DEADLINE_S = 30


def test_calls_at_once_run_at_once() -> None:
    threads, together = IdleThreads(), threading.Barrier(8)
    for _ in range(7):
        threads.run(lambda: together.wait(DEADLINE_S))
    together.wait(DEADLINE_S)


def test_a_thread_is_used_again() -> None:
    threads, used = IdleThreads(), list[int]()
    for count in range(1, 20):
        threads.run(lambda: used.append(threading.get_ident()))
        until(lambda count=count: len(used) == count and bool(threads._idle), "an idle thread")  # type: ignore[misc]
    assert len(set(used)) == 1


def test_an_idle_thread_ends() -> None:
    threads, thread = IdleThreads(idle_s=0.01), list[threading.Thread]()
    threads.run(lambda: thread.append(threading.current_thread()))
    until(lambda: bool(thread) and not thread[0].is_alive(), "the end of the thread")
    assert not threads._idle


def test_a_call_at_the_moment_when_a_thread_ends_is_not_lost() -> None:
    threads, calls = IdleThreads(idle_s=0.0), 300
    counted = threading.Semaphore(0)
    for _ in range(calls):
        threads.run(counted.release)
        assert counted.acquire(timeout=DEADLINE_S)


def test_context_variables_of_one_call_are_not_seen_by_the_next() -> None:
    threads, seen = IdleThreads(), list[str]()
    name = ContextVar("name", default="default")

    def note() -> None:
        seen.append(name.get())
        name.set("of the first")

    for count in (1, 2):
        threads.run(note)
        until(lambda count=count: len(seen) == count and bool(threads._idle), "an idle thread")  # type: ignore[misc]
    assert seen == ["default", "default"]


def test_join_waits_for_the_end_and_not_longer_than_asked_for() -> None:
    go_on = threading.Event()
    thread = ReusedThread(go_on.wait, args=(DEADLINE_S,))
    thread.start()
    thread.join(0.01)
    assert thread.is_alive()
    go_on.set()
    thread.join()
    assert not thread.is_alive()


def test_a_thread_whose_target_raises_has_ended() -> None:
    failed = list[type[BaseException]]()
    original, threading.excepthook = threading.excepthook, lambda error: failed.append(error.exc_type)
    try:
        thread = ReusedThread(int, args=("x",))
        thread.start()
        thread.join(DEADLINE_S)
        until(lambda: failed == [ValueError], "the failure")
    finally:
        threading.excepthook = original
    assert not thread.is_alive()
