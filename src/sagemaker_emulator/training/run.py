"""One training job from its input to its artifacts.

Stages. `TrainingRun.run` takes a job through AWS's secondary statuses, and stores each by calling `entered`:

    Starting     the job has been stored, its thread has started; the engine gets the image, or packages in its place
    Downloading  a folder for each host (its /opt/ml): configuration files, channels in File mode, checkpoints of an
                 earlier job
    Training     one container for each host, until all have ended
    Uploading    the model and the output of all hosts, merged into one archive each
    (the end)    Completed, Stopped, MaxRuntimeExceeded or Failed: `TrainingJobs` decides, from what the run leaves:
                 `halt`, `end`, `uploaded`, and the exception that ended it

Threads. The run itself has one (`jobs.job_threads`), in which the stages follow one another. In Training there are
more: for each host one that reads its container's output, one that sends its log, and one for each folder that is kept
in S3; for each host and piped channel one that feeds the FIFO (`jobs.pipe_mode`); and one that sends metrics. All of
them are ended before the run goes on to Uploading.

Locks. A run has none: the store's transactions guard the job's record, events guard the halt, and each file below the
job's folder has one writer.

Ends from outside. `halt` has three events. `stop_requested` is a Stop: the containers get SIGTERM, and the model is
uploaded all the same; before the containers have started, the job ends at once. `abandoned` means that the emulator is
going down: containers that can outlive it are left alone (`JobLeft`), all others end, and the job fails.
`input_failed` is set if the source of a FIFO fails: the job fails, because its input was incomplete.

Restarts. Containers of the Docker engine may outlive the emulator. After a restart `find` looks for the containers of
a job that was in Training; if all of them exist, `run` goes on with them: it waits for their end, reads their logs from
the beginning and uploads as usual. Jobs with piped channels are never taken up, because what fed their FIFOs is gone.
When the containers have ended, `RunEnd` is written beside the hosts' folders; after a restart `find_end` reads it, and
`run` goes on with the uploads, which wait for an S3 that is away (`jobs.delayed_uploads`).

Invariants. No container and no file of a job survives `run`, unless it raises JobLeft. A packed model is in S3
whole or not at all. The request is parsed before the job is stored; nothing here reads the wire form.
"""

from __future__ import annotations

import logging
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import Container
from sagemaker_emulator.jobs.channel import Channel
from sagemaker_emulator.jobs.downloads import download
from sagemaker_emulator.jobs.hosts import Host, hosts_below
from sagemaker_emulator.jobs.input_objects import objects_of
from sagemaker_emulator.jobs.job_containers import Halt, JobContainer, Outcome, running, wait_for
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed, JobLeft
from sagemaker_emulator.jobs.pipe_mode import PipeFeeder, Source
from sagemaker_emulator.jobs.resumable_run import ResumableRun, RunEnd
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.training_job import SecondaryStatus, TrainingJob
from sagemaker_emulator.training.checkpoints import FolderSync
from sagemaker_emulator.training.container import TrainingContainers, channel_directory
from sagemaker_emulator.training.metrics import MetricReader, MetricStream
from sagemaker_emulator.training.request import TrainingRequest

LOG_GROUP = "/aws/sagemaker/TrainingJobs"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingHalt(Halt):
    """A halt that is also set when an input fails while the container reads it."""

    input_failed: threading.Event = field(default_factory=threading.Event)

    def is_set(self) -> bool:
        return super().is_set() or self.input_failed.is_set()


class TrainingRun(ResumableRun):
    """One run of a job, from Starting to Uploading.

    `entered` is called with each secondary status, `explain` with what a status is waiting for.
    """

    def __init__(
        self,
        job: TrainingJob,
        request: TrainingRequest,
        context: RunContext,
        entered: Callable[[SecondaryStatus], None],
        explain: Callable[[str], None],
    ) -> None:
        self.halt = TrainingHalt()
        super().__init__("training", job.name, self.halt, context, explain)
        self.job, self.request, self._entered, self._explain = job, request, entered, explain
        self.metrics = MetricReader(request.metrics)
        self.uploaded = False
        self._found: dict[str, Container] = {}
        self._log_names: dict[str, str] = {}
        self._hosts = hosts_below(self._directory, request.instance_count)
        self._containers = TrainingContainers(job, request, self._hosts, secrets.token_hex(3))
        self._kept = [
            FolderSync(context.aws.s3, folder, host.base_dir) for folder in request.kept_folders for host in self._hosts
        ]

    @property
    def base_dirs(self) -> list[Path]:
        return [host.base_dir for host in self._hosts]

    @property
    def can_be_found_again(self) -> bool:
        """Whether the containers can run on without the emulator."""
        return self._context.engine.containers_outlive_it and not self.request.piped_channels

    def find(self) -> bool:
        """Look for the containers of a job that an earlier emulator left in Training; return whether all were found."""
        trained = any(transition.status is SecondaryStatus.TRAINING for transition in self.job.transitions)
        under_way = self.job.secondary_status in (SecondaryStatus.TRAINING, SecondaryStatus.STOPPING)
        if not trained or not under_way or self.request.piped_channels:
            return False
        containers = {host.name: self._context.engine.find(self._containers.spec(host)) for host in self._hosts}
        self._found = {name: container for name, container in containers.items() if container}
        if len(self._found) == len(containers):
            return True
        for container in self._found.values():
            container.leave()
        return False

    def _run_containers(self) -> RunEnd | None:
        if not self._found:
            self._prepare()
            if self.halt.stop_requested.is_set():
                return None
            self._bring_inputs()
            if self.halt.stop_requested.is_set():
                return None
            self._entered(SecondaryStatus.TRAINING)
        return self._train()

    def _upload(self) -> None:
        """Upload the kept folders however the containers ended, and the artifacts of a job that has not failed."""
        s3, reason = self._context.aws.s3, self.end.failure_reason
        if reason is None:
            self._entered(SecondaryStatus.UPLOADING)
        for sync in self._kept:
            self._uploads.carry_out(sync.finish)
        if reason is not None:
            raise JobFailed(reason)
        self._uploads.carry_out(partial(self.request.artifacts.upload, s3, self.base_dirs))
        self.uploaded = True

    def _prepare(self) -> None:
        stream = LogStream(self._context.aws.logs, LOG_GROUP, self._log_name(self._hosts[0]))
        self._context.prepare(self.request.image, self.halt, stream, self._explain)
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)

    def _bring_inputs(self) -> None:
        self._entered(SecondaryStatus.DOWNLOADING)
        shutil.rmtree(self._directory, ignore_errors=True)  # a killed emulator may have left something
        for host in self._hosts:
            self._containers.write_folders(host)
            self._download_channels(host)
        for sync in self._kept:
            sync.prepare(self.halt.is_set)
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)

    def _download_channels(self, host: Host) -> None:
        for channel in self.request.channels:
            if not channel.piped:
                objects = objects_of(self._context.aws.s3, channel, host.index, len(self._hosts))
                target = channel_directory(host, channel)
                target.mkdir(parents=True, exist_ok=True)
                download(self._context.aws.s3, objects, target, self.halt.is_set)

    def _train(self) -> RunEnd:
        with ExitStack() as stack:
            if self.metrics.patterns:
                stack.enter_context(MetricStream(self._context.aws.cloudwatch, self.job.name, self.metrics))
            for sync in self._kept:
                stack.enter_context(sync)
            feeders = [
                self._feeder(host, channel, stack) for host in self._hosts for channel in self.request.piped_channels
            ]
            outcome = self._wait_for_containers()
        if outcome.left:
            raise JobLeft
        if self.halt.abandoned.is_set():
            self._save_kept_files()
            raise JobFailed(ABANDONED)
        reason = _failure_reason(outcome, feeders)
        metrics = self.metrics
        return RunEnd(
            reason, outcome.ran_out_of_time, metrics=tuple(metrics.latest.values()), summaries=metrics.summaries()
        )

    def _save_kept_files(self) -> None:
        """Upload the last files of a job that the emulator's end fails, if S3 takes them at once."""
        try:
            for sync in self._kept:
                sync.finish()
        except AWS_ERRORS as error:
            log.warning("the last files of the kept folders of training job %s are lost: %s", self.job.name, error)

    def _feeder(self, host: Host, channel: Channel, stack: ExitStack) -> PipeFeeder:
        source = Source(self._context.aws.s3, channel, host.index, len(self._hosts))
        feeder = PipeFeeder(source, channel_directory(host, channel), self.halt.input_failed.set)
        stack.callback(feeder.close)
        return feeder

    def _wait_for_containers(self) -> Outcome:
        trained_s = self.job.seconds_in(SecondaryStatus.TRAINING) or 0.0  # before a restart
        left_s = self.request.max_runtime_s - trained_s
        with running(partial(self._start, host) for host in self._hosts) as containers:
            return wait_for(containers, self.halt, left_s, self._context.stop_grace_s, self.can_be_found_again)

    def _start(self, host: Host) -> JobContainer:
        logs, prefix = self._context.aws.logs, f"{self.job.name}/{host.name}-"
        name, spec = self._log_name(host), self._containers.spec(host)
        if container := self._found.get(host.name):
            stream = LogStream.taken_up(logs, LOG_GROUP, prefix, otherwise=name)
            return JobContainer(lambda _: container, spec, stream, listen=self._read_metrics)
        stream = LogStream(logs, LOG_GROUP, name)
        return JobContainer(self._context.start, spec, stream, listen=self._read_metrics)

    def _log_name(self, host: Host) -> str:
        """Return the name of a host's log stream, with the time at which it was first needed, as AWS has it."""
        return self._log_names.setdefault(host.name, f"{self.job.name}/{host.name}-{int(time.time())}")

    def _read_metrics(self, line: str, is_new: bool) -> None:
        self.metrics.read(line, time.time(), is_new)


def _failure_reason(outcome: Outcome, feeders: list[PipeFeeder]) -> str | None:
    """Return why the job has failed; None if its model is to be uploaded."""
    for feeder in feeders:
        if feeder.error:
            return f"ClientError: {feeder.error}"
    if outcome.failed:
        container, code = outcome.failed
        return container.failure_reason(code)
    return None
