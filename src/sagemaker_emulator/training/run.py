"""One training job from its input to its artefacts, in a thread of its own."""

from __future__ import annotations

import json
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sagemaker_emulator.archives import archive
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import Container, ContainerSpec, EngineError
from sagemaker_emulator.jobs import input_channels
from sagemaker_emulator.jobs.job_containers import Halt, JobContainer, Outcome, running, wait_for
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed, JobLeft
from sagemaker_emulator.jobs.pipe_mode import PipeFeeder, Source
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.training_job import SecondaryStatus, TrainingJob
from sagemaker_emulator.training.artifacts import Artifacts
from sagemaker_emulator.training.checkpoints import DEFAULT_PATH, CheckpointSync, local_directory
from sagemaker_emulator.training.metrics import MetricReader, MetricStream
from sagemaker_emulator.training.requests import channels_of

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
FOLDERS = ("input/config", "input/data", "model", "output/data", "checkpoints")


@dataclass(frozen=True)
class TrainingHalt(Halt):
    """Also an input that breaks off while the container reads it ends a job."""

    input_failed: threading.Event = field(default_factory=threading.Event)

    def is_set(self) -> bool:
        return super().is_set() or self.input_failed.is_set()


@dataclass(frozen=True)
class Host:
    """One instance of the job and its /opt/ml."""

    name: str
    base_dir: Path
    index: int

    @property
    def outputs(self) -> tuple[Path, ...]:
        return self.base_dir / "model", self.base_dir / "output"

    def channel_directory(self, channel: input_channels.Channel) -> Path:
        """A channel's files; the FIFOs of one in Pipe mode lie beside the other channels' folders."""
        data = self.base_dir / "input" / "data"
        return data if channel.piped else data / channel.name


class TrainingRun:
    """Takes a job through Downloading, Training and Uploading. `moved` stores each step."""

    def __init__(self, job: TrainingJob, context: RunContext, entered: Callable[[SecondaryStatus], None]) -> None:
        self.job, self.request, self._context, self._entered = job, job.request, context, entered
        self.metrics = MetricReader.for_request(self.request["AlgorithmSpecification"])
        self.artifacts = Artifacts.of(job.name, self.request["OutputDataConfig"])
        self.halt = TrainingHalt()
        self.ran_out_of_time = False
        self.uploaded = False
        self._token = secrets.token_hex(3)  # of a deleted job of this name something may still be about
        self._is_left = False
        self._found: dict[str, Container] = {}
        self._channels = channels_of(self.request)
        self._directory = context.directory / job.name
        names = [f"algo-{number}" for number in range(1, self.request["ResourceConfig"]["InstanceCount"] + 1)]
        self._hosts = [Host(name, self._directory / name, index) for index, name in enumerate(names)]
        self._checkpoints = self._checkpoint_syncs()

    @property
    def base_dirs(self) -> list[Path]:
        return [host.base_dir for host in self._hosts]

    @property
    def can_be_found_again(self) -> bool:
        """Whether its containers may run on while no emulator does: what feeds a FIFO ends with the emulator."""
        return self._context.engine.containers_outlive_it and not self._channels_piped()

    def find(self) -> bool:
        """Whether an earlier life left it in training, and all its containers are there: `run` goes on with them."""
        trained = any(one.status is SecondaryStatus.TRAINING for one in self.job.transitions)
        under_way = self.job.secondary_status in (SecondaryStatus.TRAINING, SecondaryStatus.STOPPING)
        if not trained or not under_way or self._channels_piped():
            return False
        found = {host.name: self._context.engine.find(self._spec(host)) for host in self._hosts}
        self._found = {name: container for name, container in found.items() if container}
        if len(self._found) == len(found):
            return True
        for container in self._found.values():
            container.leave()
        return False

    def run(self) -> None:
        """The whole job. JobFailed with AWS's FailureReason; a stopped job returns like a completed one. JobLeft when
        its containers run on.
        """
        try:
            if not self._found:
                self._bring_inputs()
                if self.halt.stop_requested.is_set():
                    return
                self._entered(SecondaryStatus.TRAINING)
            self._train()
            self._entered(SecondaryStatus.UPLOADING)
            self.artifacts.upload(self._context.aws.s3, [host.base_dir for host in self._hosts])
            self.uploaded = True
        except (input_channels.InputError, archive.ArchiveError, EngineError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        except AWS_ERRORS as error:
            raise JobFailed(f"ClientError: S3 did not do what the job needs: {error}") from error
        finally:
            if not self._is_left:
                shutil.rmtree(self._directory, ignore_errors=True)

    def _bring_inputs(self) -> None:
        self._entered(SecondaryStatus.DOWNLOADING)
        shutil.rmtree(self._directory, ignore_errors=True)  # what a killed emulator may have left
        for host in self._hosts:
            self._prepare(host)
        for sync in self._checkpoints:
            sync.bring_down(self.halt.is_set)
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)

    def _checkpoint_syncs(self) -> list[CheckpointSync]:
        config = self.request.get("CheckpointConfig")
        if config is None:
            return []
        location, local_path = S3Location.parse(config["S3Uri"]), config.get("LocalPath", DEFAULT_PATH)
        return [
            CheckpointSync(self._context.aws.s3, location, local_directory(host.base_dir, local_path))
            for host in self._hosts
        ]

    def _prepare(self, host: Host) -> None:
        for name in FOLDERS:
            (host.base_dir / name).mkdir(parents=True, exist_ok=True)
        for name, document in self._config(host).items():
            (host.base_dir / "input" / "config" / f"{name}.json").write_text(json.dumps(document))
        for channel in self._channels:
            if not channel.piped:
                found = input_channels.objects_of(self._context.aws.s3, channel, host.index, len(self._hosts))
                target = host.channel_directory(channel)
                target.mkdir(parents=True, exist_ok=True)
                input_channels.download(self._context.aws.s3, found, target, self.halt.is_set)

    def _config(self, host: Host) -> dict[str, Any]:
        return {
            "hyperparameters": self.request.get("HyperParameters", {}),
            "inputdataconfig": {channel.name: channel.container_config() for channel in self._channels},
            "resourceconfig": {
                "current_host": host.name,
                "current_instance_type": self.request["ResourceConfig"]["InstanceType"],
                "hosts": sorted(other.name for other in self._hosts),
                "network_interface_name": "eth0",
            },
        }

    def _train(self) -> None:
        with ExitStack() as stack:
            if self.metrics.patterns:
                stack.enter_context(MetricStream(self._context.aws.cloudwatch, self.job.name, self.metrics))
            for sync in self._checkpoints:
                stack.enter_context(sync)
            feeders = [self._feeder(host, channel, stack) for host in self._hosts for channel in self._channels_piped()]
            outcome = self._run_containers()
        if outcome.left:
            self._is_left = True
            raise JobLeft
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)
        for feeder in feeders:
            if feeder.error:
                raise JobFailed(f"ClientError: {feeder.error}")
        self.ran_out_of_time = outcome.ran_out_of_time
        if outcome.failed:
            run, code = outcome.failed
            raise JobFailed(run.failure_reason(code, run.spec.base_dir / "output" / "failure"))

    def _channels_piped(self) -> list[input_channels.Channel]:
        return [channel for channel in self._channels if channel.piped]

    def _feeder(self, host: Host, channel: input_channels.Channel, stack: ExitStack) -> PipeFeeder:
        source = Source(self._context.aws.s3, channel, host.index, len(self._hosts))
        feeder = PipeFeeder(source, host.channel_directory(channel), self.halt.input_failed.set)
        stack.callback(feeder.close)
        return feeder

    def _run_containers(self) -> Outcome:
        limit_s = self.request["StoppingCondition"].get("MaxRuntimeInSeconds", 86_400)
        left_s = limit_s - self._trained_for_s()
        with running(partial(self._start, host) for host in self._hosts) as runs:
            return wait_for(runs, self.halt, left_s, self._context.stop_grace_s, self.can_be_found_again)

    def _trained_for_s(self) -> float:
        """In an earlier life, and since."""
        began = [one.start_time for one in self.job.transitions if one.status is SecondaryStatus.TRAINING]
        return time.time() - began[0] if began else 0.0

    def _start(self, host: Host) -> JobContainer:
        logs, prefix = self._context.aws.logs, f"{self.job.name}/{host.name}-"
        name = f"{prefix}{int(time.time())}"
        if found := self._found.get(host.name):
            stream = LogStream.taken_up(logs, LOG_GROUP, prefix, otherwise=name)
            return JobContainer(lambda _: found, self._spec(host), stream, listen=self._read_metrics)
        stream = LogStream(logs, LOG_GROUP, name)
        return JobContainer(self._context.engine.start, self._spec(host), stream, listen=self._read_metrics)

    def _read_metrics(self, line: str, is_new: bool) -> None:
        self.metrics.read(line, time.time(), is_new)

    def _container_name(self, host: Host) -> str:
        return f"{self.job.name}-{host.name}-{self._token}"

    def _spec(self, host: Host) -> ContainerSpec:
        environment = {
            **self.request.get("Environment", {}),
            "TRAINING_JOB_NAME": self.job.name,
            "TRAINING_JOB_ARN": self.job.arn,
        }
        algorithm = self.request["AlgorithmSpecification"]
        entrypoint = tuple(algorithm.get("ContainerEntrypoint", ()))
        arguments = tuple(algorithm.get("ContainerArguments", ()))
        checkpoints = tuple(
            sync.directory for sync in self._checkpoints if sync.directory.is_relative_to(host.base_dir)
        )
        return ContainerSpec(
            self._container_name(host),
            algorithm["TrainingImage"],
            "" if entrypoint or arguments else "train",  # either takes precedence over `train`
            host.base_dir,
            environment,
            entrypoint=entrypoint,
            arguments=arguments,
            instance_type=self.request["ResourceConfig"]["InstanceType"],
            host=host.name,
            peers={other.name: self._container_name(other) for other in self._hosts if other is not host},
            outputs=(*host.outputs, *checkpoints),
            live_outputs=checkpoints,
        )
