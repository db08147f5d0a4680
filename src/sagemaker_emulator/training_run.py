"""One training job from its input to its artefacts, in a thread of its own."""

from __future__ import annotations

import json
import logging
import shutil
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sagemaker_emulator import archive, inputs
from sagemaker_emulator.aws import AWS_ERRORS, AwsClients, S3Location
from sagemaker_emulator.engine import Container, ContainerSpec, Engine, EngineError
from sagemaker_emulator.log_streams import LogStream
from sagemaker_emulator.resources.training_job import SecondaryStatus, TrainingJob
from sagemaker_emulator.training_metrics import MetricReader

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TAIL_LINES = 10
POLL_S = 0.05
OUTPUT_DRAIN_S = 5.0
ABANDON_GRACE_S = 3.0
ABANDONED = "InternalServerError: SageMaker was shut down while the job was running. Please create the job again."
NAMED_ERRORS = ("ClientError:", "AlgorithmError:", "InternalServerError:")

log = logging.getLogger(__name__)


class TrainingFailed(Exception):
    """The job ends as Failed; the text is its FailureReason."""


@dataclass(frozen=True)
class TrainingContext:
    """What every run of this emulator shares."""

    aws: AwsClients
    engine: Engine
    directory: Path
    stop_grace_s: float


@dataclass
class Host:
    """One instance of the job: its /opt/ml, its container once started, the end of its log."""

    name: str
    base_dir: Path
    container: Container | None = None
    reader: threading.Thread | None = None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=TAIL_LINES))

    @property
    def failure_file(self) -> Path:
        return self.base_dir / "output" / "failure"


class TrainingRun:
    """Takes a job through Downloading, Training and Uploading. `moved` stores each step."""

    def __init__(self, job: TrainingJob, context: TrainingContext, moved: Callable[[SecondaryStatus], None]) -> None:
        self.job, self.request, self._context, self._moved = job, job.request, context, moved
        self.metrics = MetricReader.for_request(self.request["AlgorithmSpecification"])
        self.stop_requested = threading.Event()
        self.ran_out_of_time = False
        self.uploaded = False
        self._abandoned = threading.Event()
        count = self.request["ResourceConfig"].get("InstanceCount", 1)
        root = context.directory / job.name
        self._hosts = [Host(f"algo-{number}", root / f"algo-{number}") for number in range(1, count + 1)]

    @property
    def model_location(self) -> S3Location:
        output = S3Location.parse(self.request["OutputDataConfig"]["S3OutputPath"])
        return output.joined(self.job.name, "output", "model.tar.gz")

    def run(self) -> None:
        """The whole job. TrainingFailed with AWS's FailureReason; a stopped job returns like a completed one."""
        try:
            self._moved(SecondaryStatus.DOWNLOADING)
            self._prepare()
            if self.stop_requested.is_set():
                return
            self._moved(SecondaryStatus.TRAINING)
            self._train()
            self._moved(SecondaryStatus.UPLOADING)
            self._upload()
        except (inputs.InputError, archive.ArchiveError, EngineError) as error:
            raise TrainingFailed(f"ClientError: {error}") from error
        except AWS_ERRORS as error:
            raise TrainingFailed(f"ClientError: S3 did not do what the job needs: {error}") from error
        finally:
            shutil.rmtree(self._context.directory / self.job.name, ignore_errors=True)

    def abandon(self) -> None:
        """The emulator goes down: end the containers now; `run` fails with the reason."""
        self._abandoned.set()

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
                inputs.download(self._context.aws.s3, found, target, self._must_end)

    def _must_end(self) -> bool:
        return self.stop_requested.is_set() or self._abandoned.is_set()

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
        streams = [self._start(host) for host in self._hosts]
        try:
            codes = self._wait()
        finally:
            for host, stream in zip(self._hosts, streams, strict=True):
                self._finish_log(host, stream)
        if self._abandoned.is_set():
            raise TrainingFailed(ABANDONED)
        if self.stop_requested.is_set() or self.ran_out_of_time:
            return
        for host, code in zip(self._hosts, codes, strict=True):
            if code != 0:
                raise TrainingFailed(_failure_reason(host, code))

    def _start(self, host: Host) -> LogStream:
        environment = {
            "TRAINING_JOB_NAME": self.job.name,
            "TRAINING_JOB_ARN": self.job.arn,
            **self.request.get("Environment", {}),
        }
        image = self.request["AlgorithmSpecification"]["TrainingImage"]
        spec = ContainerSpec(f"{self.job.name}-{host.name}", image, "train", host.base_dir, environment)
        container = host.container = self._context.engine.start(spec)
        stream = LogStream(self._context.aws.logs, LOG_GROUP, f"{self.job.name}/{host.name}-{int(time.time())}")
        host.reader = threading.Thread(target=self._read, args=(host, container, stream), daemon=True)
        host.reader.start()
        return stream

    def _read(self, host: Host, container: Container, stream: LogStream) -> None:
        for line in container.lines():
            host.tail.append(line)
            stream.write(line)
            self.metrics.read(line, time.time())

    def _wait(self) -> list[int]:
        """Exit codes in the order of hosts. One that fails ends the others, as on AWS."""
        containers = [host.container for host in self._hosts if host.container]
        deadline = time.monotonic() + self.request["StoppingCondition"].get("MaxRuntimeInSeconds", 86_400)
        codes: dict[int, int] = {}
        while len(codes) < len(containers):
            for index, container in enumerate(containers):
                if index not in codes and (code := container.wait(POLL_S)) is not None:
                    codes[index] = code
            self.ran_out_of_time = self.ran_out_of_time or time.monotonic() > deadline
            if self._must_end() or self.ran_out_of_time or any(codes.values()):
                grace_s = ABANDON_GRACE_S if self._abandoned.is_set() else self._context.stop_grace_s
                return [container.stop(grace_s) for container in containers]
        return [codes[index] for index in range(len(containers))]

    def _finish_log(self, host: Host, stream: LogStream) -> None:
        if host.reader:
            host.reader.join(OUTPUT_DRAIN_S)
        stream.close()

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


def _failure_reason(host: Host, code: int) -> str:
    """What the program wrote into its failure file, else the end of its log."""
    text = (
        host.failure_file.read_text(errors="replace").strip() if host.failure_file.is_file() else "\n".join(host.tail)
    )
    ending = f", exit code: {code}"
    text = text if text.startswith(NAMED_ERRORS) else f"AlgorithmError: {text}"
    return text[: 1024 - len(ending)] + ending
