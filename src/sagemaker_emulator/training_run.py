"""One training job from its input to its artefacts, in a thread of its own."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sagemaker_emulator import archive, inputs
from sagemaker_emulator.aws import AWS_ERRORS, AwsClients, S3Location
from sagemaker_emulator.container_run import ContainerRun, Halt, running, wait_for
from sagemaker_emulator.engine import ContainerSpec, Engine, EngineError
from sagemaker_emulator.job_runs import ABANDONED, JobFailed
from sagemaker_emulator.log_streams import LogStream
from sagemaker_emulator.resources.training_job import SecondaryStatus, TrainingJob
from sagemaker_emulator.training_metrics import MetricReader

LOG_GROUP = "/aws/sagemaker/TrainingJobs"


@dataclass(frozen=True)
class TrainingContext:
    """What every run of this emulator shares."""

    aws: AwsClients
    engine: Engine
    directory: Path
    stop_grace_s: float


@dataclass(frozen=True)
class Host:
    """One instance of the job and its /opt/ml."""

    name: str
    base_dir: Path


class TrainingRun:
    """Takes a job through Downloading, Training and Uploading. `moved` stores each step."""

    def __init__(self, job: TrainingJob, context: TrainingContext, moved: Callable[[SecondaryStatus], None]) -> None:
        self.job, self.request, self._context, self._moved = job, job.request, context, moved
        self.metrics = MetricReader.for_request(self.request["AlgorithmSpecification"])
        self.halt = Halt()
        self.ran_out_of_time = False
        self.uploaded = False
        count = self.request["ResourceConfig"].get("InstanceCount", 1)
        root = context.directory / job.name
        self._hosts = [Host(f"algo-{number}", root / f"algo-{number}") for number in range(1, count + 1)]

    @property
    def model_location(self) -> S3Location:
        output = S3Location.parse(self.request["OutputDataConfig"]["S3OutputPath"])
        return output.joined(self.job.name, "output", "model.tar.gz")

    def run(self) -> None:
        """The whole job. JobFailed with AWS's FailureReason; a stopped job returns like a completed one."""
        try:
            self._moved(SecondaryStatus.DOWNLOADING)
            self._prepare()
            if self.halt.stop_requested.is_set():
                return
            self._moved(SecondaryStatus.TRAINING)
            self._train()
            self._moved(SecondaryStatus.UPLOADING)
            self._upload()
        except (inputs.InputError, archive.ArchiveError, EngineError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        except AWS_ERRORS as error:
            raise JobFailed(f"ClientError: S3 did not do what the job needs: {error}") from error
        finally:
            shutil.rmtree(self._context.directory / self.job.name, ignore_errors=True)

    def _prepare(self) -> None:
        algorithm = self.request["AlgorithmSpecification"]
        channels = [
            inputs.Channel.from_request(wire, algorithm["TrainingInputMode"])
            for wire in self.request.get("InputDataConfig", ())
        ]
        for index, host in enumerate(self._hosts):
            for name in ("input/config", "input/data", "model", "output/data", "checkpoints"):
                (host.base_dir / name).mkdir(parents=True, exist_ok=True)
            self._write_config(host, channels)
            for channel in channels:
                found = inputs.objects_of(self._context.aws.s3, channel, index, len(self._hosts))
                target = host.base_dir / "input" / "data" / channel.name
                target.mkdir(parents=True, exist_ok=True)
                inputs.download(self._context.aws.s3, found, target, self.halt.is_set)

    def _write_config(self, host: Host, channels: list[inputs.Channel]) -> None:
        resources = self.request["ResourceConfig"]
        documents: dict[str, Any] = {
            "hyperparameters": self.request.get("HyperParameters", {}),
            "inputdataconfig": {channel.name: channel.container_config() for channel in channels},
            "resourceconfig": {
                "current_host": host.name,
                "current_instance_type": resources.get("InstanceType", "ml.m5.large"),
                "hosts": [other.name for other in self._hosts],
                "network_interface_name": "eth0",
            },
        }
        for name, document in documents.items():
            (host.base_dir / "input" / "config" / f"{name}.json").write_text(json.dumps(document))

    def _train(self) -> None:
        limit_s = self.request["StoppingCondition"].get("MaxRuntimeInSeconds", 86_400)
        with running(partial(self._start, host) for host in self._hosts) as runs:
            outcome = wait_for(runs, self.halt, limit_s, self._context.stop_grace_s)
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)
        self.ran_out_of_time = outcome.ran_out_of_time
        if outcome.failed:
            run, code = outcome.failed
            raise JobFailed(run.failure_reason(code, run.spec.base_dir / "output" / "failure"))

    def _start(self, host: Host) -> ContainerRun:
        environment = {
            "TRAINING_JOB_NAME": self.job.name,
            "TRAINING_JOB_ARN": self.job.arn,
            **self.request.get("Environment", {}),
        }
        image = self.request["AlgorithmSpecification"]["TrainingImage"]
        spec = ContainerSpec(f"{self.job.name}-{host.name}", image, "train", host.base_dir, environment)
        stream = LogStream(self._context.aws.logs, LOG_GROUP, f"{self.job.name}/{host.name}-{int(time.time())}")
        return ContainerRun(
            self._context.engine, spec, stream, listen=lambda line: self.metrics.read(line, time.time())
        )

    def _upload(self) -> None:
        """model.tar.gz, and output.tar.gz when there is output. A stopped job's model is uploaded too."""
        first = self._hosts[0]
        self._upload_packed(first.base_dir / "model", self.model_location)
        output_data = first.base_dir / "output" / "data"
        if any(output_data.iterdir()):
            output = S3Location(
                self.model_location.bucket, self.model_location.key.replace("model.tar.gz", "output.tar.gz")
            )
            self._upload_packed(output_data, output)
        self.uploaded = True

    def _upload_packed(self, directory: Path, location: S3Location) -> None:
        packed = directory.parent / location.key.rpartition("/")[2]
        archive.pack(directory, packed)
        self._context.aws.s3.upload_file(str(packed), location.bucket, location.key)
