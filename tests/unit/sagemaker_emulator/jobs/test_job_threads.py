"""Job threads: how a run's end becomes a job's end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from sagemaker_emulator.jobs.job_collection import final_status
from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.jobs.job_threads import JobFailed, JobLeft, JobThreads
from sagemaker_emulator.resources.job import JobStatus

WAIT_S = 120.0


class Run:
    """A run that does one thing."""

    def __init__(self, work: Callable[[Halt], object] = lambda _: None) -> None:
        self.halt, self._work = Halt(), work

    def run(self) -> None:
        self._work(self.halt)


def ended(threads: JobThreads, run: Run) -> list[str | None]:
    """Start a run, abandon it, and return the reasons that `ended` was called with."""
    reasons: list[str | None] = []
    threads.start("job", run, reasons.append)
    threads.close()
    return reasons


def failing(error: Exception) -> Run:
    def fail(_: Halt) -> None:
        raise error

    return Run(fail)


def test_a_run_that_returns_has_no_failure_reason() -> None:
    assert ended(JobThreads("training job"), Run()) == [None]


def test_the_text_of_a_failed_run_is_the_failure_reason() -> None:
    assert ended(JobThreads("training job"), failing(JobFailed("AlgorithmError: x"))) == ["AlgorithmError: x"]


def test_a_fault_of_the_emulator_is_an_internal_server_error(caplog: pytest.LogCaptureFixture) -> None:
    assert ended(JobThreads("training job"), failing(KeyError("x"))) == ["InternalServerError: KeyError('x')"]
    assert "training job job" in caplog.text


def test_a_job_whose_containers_run_on_does_not_end() -> None:
    assert ended(JobThreads("training job"), failing(JobLeft())) == []


def test_a_stop_reaches_the_run() -> None:
    threads, reasons, over = JobThreads("training job"), list[str | None](), threading.Event()
    run = Run(lambda halt: halt.stop_requested.wait(WAIT_S))

    def end(reason: str | None) -> None:
        reasons.append(reason)
        over.set()

    threads.start("job", run, end)
    threads.stop("another")
    threads.stop("job")
    assert over.wait(WAIT_S)
    assert reasons == [None]
    assert run.halt.stop_requested.is_set()


def test_closing_abandons_the_runs() -> None:
    run = Run(lambda halt: halt.abandoned.wait(WAIT_S))
    assert ended(JobThreads("training job"), run) == [None]
    assert run.halt.abandoned.is_set()
    assert not run.halt.stop_requested.is_set()


@pytest.mark.parametrize(
    ("stopped", "reason", "status"),
    [
        (False, None, JobStatus.COMPLETED),
        (True, None, JobStatus.STOPPED),
        (False, "reason", JobStatus.FAILED),
        (True, "reason", JobStatus.FAILED),
    ],
)
def test_the_final_status_follows_from_the_reason_and_the_stop(
    stopped: bool, reason: str | None, status: JobStatus
) -> None:
    run = Run()
    if stopped:
        run.halt.stop_requested.set()
    assert final_status(run, reason) is status
