"""One batch transform job from its model to its output files, in a thread of its own."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from sagemaker_emulator.archives import archive
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.jobs import input_channels
from sagemaker_emulator.jobs.job_containers import ABANDON_GRACE_S, Halt, JobContainer, running, stop_all
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.transform.data_processing import DataProcessing
from sagemaker_emulator.transform.files import MEGABYTE, InstanceTransform, Plan
from sagemaker_emulator.transform.model_client import Client, ModelServer

LOG_GROUP = "/aws/sagemaker/TransformJobs"
POLL_S = 0.05
DEFAULTS = {"MaxConcurrentTransforms": 1, "MaxPayloadInMB": 6, "BatchStrategy": "MULTI_RECORD"}
STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}
VARIABLES = {
    "MaxConcurrentTransforms": "SAGEMAKER_MAX_CONCURRENT_TRANSFORMS",
    "MaxPayloadInMB": "SAGEMAKER_MAX_PAYLOAD_IN_MB",
    "BatchStrategy": "SAGEMAKER_BATCH_STRATEGY",
}
IN_FLIGHT_MAX = 100
CLIENT_TIMEOUT_S, CLIENT_RETRIES = 600, 3


class TransformRun:
    """`begun` is called when the containers are about to start."""

    def __init__(self, job: TransformJob, model: Model, context: RunContext, begun: Callable[[], None]) -> None:
        self.job, self.request, self._model, self._context, self._begun = job, job.request, model, context, begun
        self.halt = Halt()
        self._directory = context.directory / job.name
        count = self.request["TransformResources"]["InstanceCount"]
        self._instances = [f"i-{uuid.uuid4().hex[:17]}" for _ in range(count)]
        self._said = {name: self.request[name] for name in VARIABLES if name in self.request}
        if strategy := self._said.get("BatchStrategy"):
            self._said["BatchStrategy"] = STRATEGIES[strategy]
        self._processing = DataProcessing.from_request(self.request)
        self._objects: list[input_channels.S3Object] = []  # listed once: output may be written below the input's prefix

    def run(self) -> None:
        """The whole job. JobFailed with AWS's FailureReason; a stopped job returns like a completed one."""
        try:
            packed = self._packed_model()
            self._objects = list(input_channels.objects_of(self._context.aws.s3, channel_of(self.request)))
            self._begun()
            with running(partial(self._start, instance, packed) for instance in self._instances) as runs:
                faults = self._transformed(runs)
                stop_all(runs, ABANDON_GRACE_S if self.halt.is_set() else self._context.stop_grace_s)
        except (input_channels.InputError, archive.ArchiveError, EngineError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        except AWS_ERRORS as error:
            raise JobFailed(f"ClientError: S3 did not do what the job needs: {error}") from error
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)
        if faults and not self.halt.is_set():
            raise JobFailed(f"{faults[0]}: See job logs for more information")

    def _packed_model(self) -> Path | None:
        self._directory.mkdir(parents=True, exist_ok=True)
        if not self._model.artifacts_uri:
            return None
        location, packed = S3Location.parse(self._model.artifacts_uri), self._directory / "model.tar.gz"
        self._context.aws.s3.download_file(location.bucket, location.key, str(packed))
        return packed

    def _start(self, instance: str, packed: Path | None) -> JobContainer:
        base_dir = self._directory / instance / "ml"
        (base_dir / "model").mkdir(parents=True)
        if packed:
            archive.unpack(packed, base_dir / "model")
        container = self._model.container
        spec = ContainerSpec(
            name=f"{self.job.name}-{instance}",
            image=container["Image"],
            command="serve",
            base_dir=base_dir,
            environment={
                **container.get("Environment", {}),
                **self.request.get("Environment", {}),
                "SAGEMAKER_BATCH": "true",
                **{VARIABLES[name]: str(value) for name, value in self._said.items()},
            },
            serves=True,
            instance_type=self.request["TransformResources"]["InstanceType"],
        )
        return JobContainer(self._context.engine.start, spec, self._log_stream(instance))

    def _transformed(self, runs: list[JobContainer]) -> list[str]:
        """The instances, side by side; a halt ends their containers, and with them the requests in flight."""
        with ThreadPoolExecutor(len(runs)) as pool:
            work = [pool.submit(self._transform, index, run) for index, run in enumerate(runs)]
            while not _over(work):
                if self.halt.is_set():
                    stop_all(runs, ABANDON_GRACE_S)
            return [fault for future in work for fault in future.result()]

    def _transform(self, index: int, run: JobContainer) -> list[str]:
        server = ModelServer(run, self.halt)
        server.wait_until_healthy(self._context.start_timeout_s)
        parameters = {**DEFAULTS, **_sound(server.execution_parameters()), **self._said}
        with closing(self._log_stream(f"{self._instances[index]}/data-log")) as data_log:
            say = partial(_say, data_log)
            say(", ".join(f"{name}={parameters[name]}" for name in DEFAULTS))
            transform = InstanceTransform(
                s3=self._context.aws.s3,
                plan=self._plan(parameters),
                server=server,
                halt=self.halt,
                directory=self._directory / self._instances[index] / "files",
                say=say,
            )
            transform.run(self._objects[index :: len(self._instances)])
        return transform.faults

    def _plan(self, parameters: dict[str, Any]) -> Plan:
        wire, output = self.request["TransformInput"], self.request["TransformOutput"]
        config = self.request.get("ModelClientConfig", {})
        headers = {"Content-Type": wire.get("ContentType"), "Accept": output.get("Accept")}
        return Plan(
            max_concurrent=max(1, parameters["MaxConcurrentTransforms"]),
            max_payload_bytes=parameters["MaxPayloadInMB"] * MEGABYTE,
            one_record_each=parameters["BatchStrategy"] == "SINGLE_RECORD",
            split_type=wire["SplitType"],
            gzipped=wire["CompressionType"] == "Gzip",
            ends_lines=output["AssembleWith"] == "Line",
            output=S3Location.parse(output["S3OutputPath"]),
            processing=self._processing,
            client=Client(
                timeout_s=config.get("InvocationsTimeoutInSeconds", CLIENT_TIMEOUT_S),
                max_retries=config.get("InvocationsMaxRetries", CLIENT_RETRIES),
                headers={name: value for name, value in headers.items() if value},
            ),
        )

    def _log_stream(self, name: str) -> LogStream:
        return LogStream(self._context.aws.logs, LOG_GROUP, f"{self.job.name}/{name}")


def channel_of(request: dict[str, Any]) -> input_channels.Channel:
    """TransformInput in the words of training's channels."""
    source = request["TransformInput"]["DataSource"]["S3DataSource"]
    return input_channels.Channel.from_request({"ChannelName": "input", "DataSource": {"S3DataSource": source}}, "File")


def _sound(parameters: dict[str, Any]) -> dict[str, Any]:
    """What a container says at /execution-parameters, as far as it can be so."""
    numbers = {
        name: value
        for name, value in parameters.items()
        if name != "BatchStrategy" and name in DEFAULTS and type(value) is int and 0 <= value <= IN_FLIGHT_MAX
    }
    strategy = parameters.get("BatchStrategy")
    return {**numbers, "BatchStrategy": strategy} if strategy in STRATEGIES.values() else numbers


def _over(work: list[Future[list[str]]]) -> bool:
    """Whether all have ended; a failure of one shows at once."""
    done, pending = wait(work, timeout=POLL_S, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()
    return not pending


def _say(data_log: LogStream, text: str) -> None:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    data_log.write(f"{stamp}.{int(now % 1 * 1000):03d}:[sagemaker logs]: {text}")
