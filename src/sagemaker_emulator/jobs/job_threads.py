"""Jobs under way, each in a thread of its own: what training, transform and processing jobs have in common."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from sagemaker_emulator.jobs.job_containers import Halt

ABANDONED = "InternalServerError: SageMaker was shut down while the job was running. Please create the job again."
CLOSE_TIMEOUT_S = 10.0

log = logging.getLogger(__name__)


class JobFailed(Exception):
    """The job ends as Failed; the text is its FailureReason."""


class JobLeft(Exception):
    """The job goes on without the emulator, and stays in the store as it is: `recover` takes it up."""


class JobRun(Protocol):
    """One job from its input to its output."""

    @property
    def halt(self) -> Halt:
        """Set from outside; `run` ends soon after."""

    def run(self) -> None:
        """The whole job. JobFailed with AWS's FailureReason; a stopped job returns like a completed one."""


class JobThreads:
    """The threads of one kind of job: each carries out one run."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._runs: dict[str, tuple[JobRun, threading.Thread]] = {}

    def start(self, name: str, run: JobRun, ended: Callable[[str | None], None]) -> None:
        """`ended` is called in the run's thread, with the FailureReason of a job that failed."""
        thread = threading.Thread(target=self._run, args=(name, run, ended), name=f"{self._kind} {name}", daemon=True)
        self._runs[name] = (run, thread)
        thread.start()

    def stop(self, name: str) -> None:
        if under_way := self._runs.get(name):
            under_way[0].halt.stop_requested.set()

    def close(self) -> None:
        """End what runs, so that no process is left; the jobs are Failed with the reason, those that are left apart."""
        under_way = list(self._runs.values())
        for run, _ in under_way:
            run.halt.abandoned.set()
        for _, thread in under_way:
            thread.join(CLOSE_TIMEOUT_S)

    def _run(self, name: str, run: JobRun, ended: Callable[[str | None], None]) -> None:
        reason: str | None = None
        try:
            run.run()
        except JobLeft:
            self._runs.pop(name, None)
            return
        except JobFailed as error:
            reason = str(error)
        except Exception as error:  # the edge of a thread
            log.exception("%s %s", self._kind, name)
            reason = f"InternalServerError: {error!r}"
        try:
            ended(reason)
        finally:
            self._runs.pop(name, None)
