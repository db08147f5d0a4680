"""One tuning job, in a thread of its own: it draws trials, launches their training jobs and watches them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, Protocol

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, is_temporary
from sagemaker_emulator.jobs.job_containers import Halt
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed
from sagemaker_emulator.resources.moment import Moment
from sagemaker_emulator.resources.training_job import TrainingJob
from sagemaker_emulator.resources.tuning_job import Result, Trial, TuningJob
from sagemaker_emulator.storage.disk_full import is_disk_full
from sagemaker_emulator.tuning.parameter_search import Point
from sagemaker_emulator.tuning.request import TuningRequest
from sagemaker_emulator.wire import AwsError

POLL_S = 0.05
CREATE_PAUSE_MAX_S = 10.0
ALL_FAILED = "All training jobs failed. Please take a look at the training jobs failures to get more details."

log = logging.getLogger(__name__)


class Launcher(Protocol):
    """The methods of TrainingJobs that a tuning job needs."""

    def create(self, request: dict[str, Any], tags: dict[str, str], tuning_job_arn: str | None) -> TrainingJob: ...
    def find(self, name: str) -> TrainingJob | None: ...
    def stop(self, name: str) -> None: ...


class TuningRun:
    """One run of a tuning job to its end; `planned` stores a trial before its training job is created."""

    def __init__(
        self,
        job: TuningJob,
        request: TuningRequest,
        tags: dict[str, str],
        launcher: Launcher,
        planned: Callable[[Trial], None],
    ) -> None:
        self.job, self.request, self.halt = job, request, Halt()
        self._tags, self._launcher, self._planned = tags, launcher, planned
        self._trials = list(job.trials)
        self._ended: dict[str, Result] = {}
        self._stopping = False
        self._max_runtime_s, self._created = request.max_runtime_s, job.created_moment or Moment.now()

    def run(self) -> None:
        """Launch trials until there are enough. JobFailed has the reason. `recover` takes up an abandoned run."""
        try:
            self._launch_missing()
            points = self.request.points(default_seed=f"{self.job.arn} {self.job.created}")
            points = islice(points, len(self._trials), self.request.max_jobs)
            while self._goes_on(points):
                if self.halt.abandoned.wait(POLL_S):
                    raise JobFailed(ABANDONED)
        except AwsError as error:
            self._stop_all(self.results())
            raise JobFailed(f"A training job could not be created: {error}") from error
        results = self.results()
        if results and not self.halt.stop_requested.is_set() and all(result.job.failed for result in results):
            raise JobFailed(ALL_FAILED)

    def results(self) -> list[Result]:
        """Return the trials' current results, in their order. Trials that have ended are not read again."""
        results = [self._ended.get(trial.training_job) or self._result(trial) for trial in self._trials]
        return [result for result in results if result is not None]

    def _result(self, trial: Trial) -> Result | None:
        job = self._launcher.find(trial.training_job)
        if job is None:
            return None
        result = Result.of(trial, job, self.request.objective)
        if job.is_over:
            self._ended[trial.training_job] = result
        return result

    def _goes_on(self, points: Iterator[Point]) -> bool:
        """Look at the trials once, launch or stop some; return False when all have ended and no more will come."""
        results = self.results()
        running = [result for result in results if not result.job.is_over]
        if not self._stopping and self._is_enough(results):
            self._stopping = True
            self._stop_all(running)
        if self._stopping:
            return bool(running)
        launched = [self._launch(point) for point in islice(points, self._free(running))]
        return bool(running or launched)

    def _free(self, running: list[Result]) -> int:
        return max(0, self.request.max_parallel - len(running))

    def _is_enough(self, results: list[Result]) -> bool:
        is_late = self._max_runtime_s is not None and self._created.seconds_ago() > self._max_runtime_s
        if self.halt.stop_requested.is_set() or is_late:
            return True
        return self.request.is_complete(results)

    def _launch(self, point: Point) -> Trial:
        name = f"{self.job.name}-{len(self._trials) + 1:03d}-{secrets.token_hex(4)}"
        trial = Trial(name, point)
        self._planned(trial)
        self._trials.append(trial)
        self._create(trial)
        return trial

    def _launch_missing(self) -> None:
        """Create the training job of a trial that was planned, but not created, when the emulator went down."""
        for trial in self._trials[-1:]:
            if self._launcher.find(trial.training_job) is None:
                self._create(trial)

    def _create(self, trial: Trial) -> None:
        """Create a training job. While S3 is away or the disk is full, try again: the trial has been planned."""
        request, pause_s = self.request.training_request(trial), POLL_S
        while True:
            try:
                self._launcher.create(request, self._tags, self.job.arn)
                return
            except (*AWS_ERRORS, OSError) as error:
                if not (is_temporary(error) or is_disk_full(error)) or self.halt.is_set():
                    raise
                log.warning("tuning job %s: creating %s again: %s", self.job.name, trial.training_job, error)
            self.halt.abandoned.wait(pause_s)
            pause_s = min(CREATE_PAUSE_MAX_S, pause_s * 2)

    def _stop_all(self, results: list[Result]) -> None:
        for result in results:
            try:
                self._launcher.stop(result.trial.training_job)
            except AwsError:
                continue  # it has ended in the meantime
