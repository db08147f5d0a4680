"""The threads of the jobs that are under way: one for each, from its creation to its end.

Stages. `JobCollection` stores a new job and calls `start`, which begins a thread. The thread calls `run.run()`, which
carries the job out: it fetches the input, runs the containers and uploads the output. When it has returned or raised,
the thread calls `ended` with the FailureReason (None for a job that did not fail), and `ended` stores the final status.

The exception that a run raises shows how it ended:

    nothing     the job has completed or was stopped: see `halt.stop_requested`
    JobFailed   the job has failed; the text is its FailureReason
    JobLeft     the emulator is going down and the containers run on: the job stays in the store as it is, `ended` is
                not called, and the next emulator takes the job up
    any other   a fault of the emulator: logged with its traceback, and the job fails as InternalServerError

Ends from outside. Nobody ends a thread: `stop` and `close` only set events of the run's `Halt`, which the run looks at
between its steps and while it waits. A Stop request sets `stop_requested`; the emulator's own end sets `abandoned`.

Threads and locks. `start` and `stop` are called by the threads that answer requests, `close` by the one that ends the
emulator, and each job's thread takes itself off the list. The list is a dict, whose single operations are atomic, so it
has no lock of its own. `start` is called inside the transaction that stores the job: a request that finds the job in
the store also finds its thread in the list, and the thread's first change of the record waits for the commit.

Invariants. A job that is not over has a thread, except while an emulator starts (`recover` gives it one, or fails it)
and after `close`. A job's name is in the list at most once: it can be created again only when it is over and deleted.
Threads are daemons, so a run that hangs cannot keep the emulator alive longer than CLOSE_TIMEOUT_S.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.storage.disk_full import DiskFull, when_there_is_room

ABANDONED = "InternalServerError: SageMaker was shut down while the job was running. Please create the job again."
CLOSE_TIMEOUT_S = 10.0

log = logging.getLogger(__name__)


class JobFailed(Exception):
    """The job ends as Failed; the text is its FailureReason."""


class JobLeft(Exception):
    """The job's containers run on without the emulator; the job stays in the store as it is."""


class JobRun(Protocol):
    """One job from its input to its output."""

    @property
    def halt(self) -> Halt:
        """Set from outside; `run` ends soon after."""

    def run(self) -> None:
        """Carry out the job. JobFailed has AWS's FailureReason; a stopped job returns like a completed one."""


class JobThreads:
    """The threads of one kind of job."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._under_way: dict[str, tuple[JobRun, threading.Thread]] = {}

    def start(self, name: str, run: JobRun, ended: Callable[[str | None], None]) -> None:
        """Start a job's thread. It calls `ended` with the FailureReason of a job that failed, else with None."""
        self.prepare(name, run, ended)
        self.begin(name)

    def prepare(self, name: str, run: JobRun, ended: Callable[[str | None], None]) -> None:
        """List a job's thread, so that a Stop finds it; `begin` starts it, `forget` takes it off the list."""
        thread = threading.Thread(target=self._run, args=(name, run, ended), name=f"{self._kind} {name}", daemon=True)
        self._under_way[name] = (run, thread)

    def begin(self, name: str) -> None:
        _, thread = self._under_way[name]
        thread.start()

    def forget(self, name: str, run: JobRun) -> None:
        """Take a run off the list: its job could not be stored, or has ended."""
        if (under_way := self._under_way.get(name)) and under_way[0] is run:
            del self._under_way[name]

    def is_abandoned(self, name: str) -> bool:
        """Return whether the emulator is going down while the job is under way."""
        under_way = self._under_way.get(name)
        return under_way is not None and under_way[0].halt.abandoned.is_set()

    def stop(self, name: str) -> None:
        """Ask a job to end, if it is under way."""
        if under_way := self._under_way.get(name):
            run, _ = under_way
            run.halt.stop_requested.set()

    def close(self) -> None:
        """Abandon all jobs and wait for their threads. They fail, except those whose containers run on."""
        under_way = list(self._under_way.values())
        for run, _ in under_way:
            run.halt.abandoned.set()
        for _, thread in under_way:
            if thread.ident:  # the others are about to begin, and then end at once
                thread.join(CLOSE_TIMEOUT_S)

    def _run(self, name: str, run: JobRun, ended: Callable[[str | None], None]) -> None:
        reason: str | None = None
        try:
            run.run()
        except JobLeft:
            self.forget(name, run)
            return
        except JobFailed as error:
            reason = str(error)
        except OSError as error:
            log.exception("%s %s", self._kind, name)
            reason = f"InternalServerError: {error.strerror or error}: {error.filename or 'unknown file'}"
        except Exception as error:  # the edge of a thread
            log.exception("%s %s", self._kind, name)
            reason = f"InternalServerError: {error!r}"
        try:
            when_there_is_room(lambda: ended(reason), run.halt.abandoned.is_set)
        except DiskFull as error:
            log.error("the end of %s %s could not be stored: %s", self._kind, name, error)
        finally:
            self.forget(name, run)  # another run of the name may have begun: an execution of a pipeline that is retried
