"""One batch transform job from its model to its output files, in a thread of its own.

Each instance has the model's containers: one, or those of an inference pipeline. The input's objects are listed once
and dealt out to the instances; each instance has a thread (`InstanceTransform`), which sends its files' payloads and
writes the answers. When all files are done, or when the job is halted, the containers are stopped.
"""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sagemaker_emulator.archives import archive
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.hosting.serving_container import serving_environment
from sagemaker_emulator.jobs.channel import InputError
from sagemaker_emulator.jobs.delayed_uploads import DelayedUploads, StoppedUploading
from sagemaker_emulator.jobs.failures import aws_failure
from sagemaker_emulator.jobs.input_objects import objects_of
from sagemaker_emulator.jobs.job_containers import ABANDON_GRACE_S, Halt, JobContainer, running, stop_all
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed, JobLeft
from sagemaker_emulator.jobs.manifests import S3Object
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.container_definition import PRIMARY, ContainerDefinition
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.transform.execution_parameters import DEFAULTS, ExecutionParameters
from sagemaker_emulator.transform.instance_transform import InstanceTransform, Plan
from sagemaker_emulator.transform.model_client import ModelClient
from sagemaker_emulator.transform.request import TransformRequest
from sagemaker_emulator.transform.row_client import RowClient

LOG_GROUP = "/aws/sagemaker/TransformJobs"
POLL_S = 0.05

log = logging.getLogger(__name__)


class TransformRun:
    """One run of a job. `begun` is called when the containers are about to start."""

    def __init__(
        self, job: TransformJob, request: TransformRequest, model: Model, context: RunContext, begun: Callable[[], None]
    ) -> None:
        self.job, self.request, self._model, self._context, self._begun = job, request, model, context, begun
        self.halt = Halt()
        self._uploads = DelayedUploads(
            f"transform job {job.name}", self.halt, context.upload_retry_s, ABANDON_GRACE_S, lambda _: None
        )
        self._directory = context.directory / job.name
        self._instances = [f"i-{uuid.uuid4().hex[:17]}" for _ in range(request.instance_count)]
        self._objects: list[S3Object] = []  # listed once: output may be written below the input's prefix
        self._started = datetime.now(UTC)
        self._completed: set[str] = set()  # the names of the files whose output is in S3

    def run(self) -> None:
        """Carry out the job. JobFailed has AWS's FailureReason; a stopped job returns like a completed one."""
        try:
            for container in self._model.containers:
                self._context.prepare(container.image, self.halt, self._log_stream(self._instances[0], container))
            faults = [] if self.halt.is_set() else self._run_containers()
        except (InputError, archive.ArchiveError, EngineError) as error:
            raise JobFailed(f"ClientError: {error}") from error
        except AWS_ERRORS as error:
            raise aws_failure(error) from error
        except StoppedUploading as error:
            log.warning("transform job %s was stopped before its output was in S3: %s", self.job.name, error)
            return
        except JobLeft:
            raise JobFailed(ABANDONED) from None
        finally:
            shutil.rmtree(self._directory, ignore_errors=True)
        if self.halt.abandoned.is_set():
            raise JobFailed(ABANDONED)
        if faults and not self.halt.is_set():
            raise JobFailed(f"{faults[0]}: See job logs for more information")

    def _run_containers(self) -> list[str]:
        packed = [(container, self._packed_model(container)) for container in self._model.containers]
        self._objects = list(objects_of(self._context.aws.s3, self.request.channel))
        self._begun()
        self._started = datetime.now(UTC)
        starts = [partial(self._start, instance, *one) for instance in self._instances for one in packed]
        with running(starts) as containers:
            faults = self._transformed(containers)
            stop_all(containers, ABANDON_GRACE_S if self.halt.is_set() else self._context.stop_grace_s)
        if not faults and not self.halt.is_set():
            self._capture()
        return faults

    def _capture(self) -> None:
        """Write the manifests of data capture, if the job has it and has transformed anything."""
        capture = self.request.capture
        if capture is None or not self._completed:
            return
        manifests = capture.manifests(self._objects, self.request.output, self._completed, self._started)
        for target, manifest in manifests.items():
            put = partial(self._context.aws.s3.put_object, Bucket=target.bucket, Key=target.key, Body=manifest)
            self._uploads.carry_out(put)

    def _packed_model(self, container: ContainerDefinition) -> Path | None:
        self._directory.mkdir(parents=True, exist_ok=True)
        if not container.artifacts_uri:
            return None
        location, packed = S3Location.parse(container.artifacts_uri), self._directory / f"{container.name}.tar.gz"
        self._context.aws.s3.download_file(location.bucket, location.key, str(packed))
        return packed

    def _start(self, instance: str, definition: ContainerDefinition, packed: Path | None) -> JobContainer:
        base_dir = self._directory / instance / definition.name / "ml"
        (base_dir / "model").mkdir(parents=True)
        if packed:
            archive.unpack(packed, base_dir / "model")
        parts = [instance] if definition.name == PRIMARY else [instance, definition.name]
        spec = ContainerSpec(
            name="-".join([self.job.name, *parts]),
            image=definition.image,
            command="serve",
            base_dir=base_dir,
            environment={
                **serving_environment(definition),
                **self.request.environment,
                "SAGEMAKER_BATCH": "true",
                **self.request.parameters.environment(),
            },
            serves=True,
            instance_type=self.request.instance_type,
            network_isolation=self._model.network_isolation,
            role_arn=self._model.role_arn,
        )
        return JobContainer(self._context.start, spec, self._log_stream(instance, definition))

    def _transformed(self, containers: list[JobContainer]) -> list[str]:
        """Run the instances side by side; return their faults. A halt stops the containers, and so breaks requests."""
        size = len(containers) // len(self._instances)
        rows = [containers[start : start + size] for start in range(0, len(containers), size)]
        with ThreadPoolExecutor(len(rows)) as pool:
            work = [pool.submit(self._transform, index, row) for index, row in enumerate(rows)]
            while not _over(work):
                if self.halt.is_set():
                    stop_all(containers, ABANDON_GRACE_S)
            return [fault for future in work for fault in future.result()]

    def _transform(self, index: int, row: Sequence[JobContainer]) -> list[str]:
        client = RowClient([ModelClient(container, self.halt) for container in row])
        client.wait_until_healthy(self._context.start_timeout_s)
        parameters = self._parameters(client)
        with closing(self._log_stream(f"{self._instances[index]}/data-log")) as data_log:
            say = partial(_say, data_log)
            say(", ".join(f"{name}={value}" for name, value in parameters.by_name().items()))
            transform = InstanceTransform(
                s3=self._context.aws.s3,
                plan=Plan.of(self.request, parameters, self._started),
                client=client,
                halt=self.halt,
                directory=self._directory / self._instances[index] / "files",
                say=say,
                uploads=self._uploads,
            )
            transform.run(self._objects[index :: len(self._instances)])
            self._completed |= transform.completed
        return transform.faults

    def _parameters(self, client: RowClient) -> ExecutionParameters:
        """Return the parameters of the request, else those that the container asks for, else the defaults."""
        asked = ExecutionParameters.of_container(client.execution_parameters())
        return self.request.parameters.filled_from(asked).filled_from(DEFAULTS)

    def _log_stream(self, name: str, container: ContainerDefinition | None = None) -> LogStream:
        """Return a log stream of an instance. The containers of a pipeline have one each."""
        parts = [name] if container is None or container.name == PRIMARY else [name, container.name]
        return LogStream(self._context.aws.logs, LOG_GROUP, "/".join([self.job.name, *parts]))


def _over(work: list[Future[list[str]]]) -> bool:
    """Return whether all have ended. Raises the first failure of one at once."""
    done, pending = wait(work, timeout=POLL_S, return_when=FIRST_EXCEPTION)
    for future in done:
        future.result()
    return not pending


def _say(data_log: LogStream, text: str) -> None:
    now = time.time()
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    data_log.write(f"{stamp}.{int(now % 1 * 1000):03d}:[sagemaker logs]: {text}")
