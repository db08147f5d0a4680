"""One batch transform job from its model to its output files, in a thread of its own.

One container for each instance serves the model. The input's objects are listed once and dealt out to the instances;
each instance has a thread (`InstanceTransform`), which sends its files' payloads and writes the answers. When all files
are done, or when the job is halted, the containers are stopped.
"""

from __future__ import annotations

import logging
import shutil
import time
import uuid
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import closing
from functools import partial
from pathlib import Path

from sagemaker_emulator.archives import archive
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.jobs.channel import InputError
from sagemaker_emulator.jobs.delayed_uploads import DelayedUploads, StoppedUploading
from sagemaker_emulator.jobs.failures import aws_failure
from sagemaker_emulator.jobs.input_objects import objects_of
from sagemaker_emulator.jobs.job_containers import ABANDON_GRACE_S, Halt, JobContainer, running, stop_all
from sagemaker_emulator.jobs.job_threads import ABANDONED, JobFailed, JobLeft
from sagemaker_emulator.jobs.manifests import S3Object
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.transform.execution_parameters import DEFAULTS, ExecutionParameters
from sagemaker_emulator.transform.instance_transform import InstanceTransform, Plan
from sagemaker_emulator.transform.model_client import ModelClient
from sagemaker_emulator.transform.request import TransformRequest

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

    def run(self) -> None:
        """Carry out the job. JobFailed has AWS's FailureReason; a stopped job returns like a completed one."""
        try:
            image = self._model.container["Image"]
            self._context.prepare(image, self.halt, self._log_stream(self._instances[0]))
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
        packed = self._packed_model()
        self._objects = list(objects_of(self._context.aws.s3, self.request.channel))
        self._begun()
        with running(partial(self._start, instance, packed) for instance in self._instances) as containers:
            faults = self._transformed(containers)
            stop_all(containers, ABANDON_GRACE_S if self.halt.is_set() else self._context.stop_grace_s)
        return faults

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
                **self.request.environment,
                "SAGEMAKER_BATCH": "true",
                **self.request.parameters.environment(),
            },
            serves=True,
            instance_type=self.request.instance_type,
            network_isolation=self._model.network_isolation,
            role_arn=self._model.role_arn,
        )
        return JobContainer(self._context.start, spec, self._log_stream(instance))

    def _transformed(self, containers: list[JobContainer]) -> list[str]:
        """Run the instances side by side; return their faults. A halt stops the containers, and so breaks requests."""
        with ThreadPoolExecutor(len(containers)) as pool:
            work = [pool.submit(self._transform, index, container) for index, container in enumerate(containers)]
            while not _over(work):
                if self.halt.is_set():
                    stop_all(containers, ABANDON_GRACE_S)
            return [fault for future in work for fault in future.result()]

    def _transform(self, index: int, container: JobContainer) -> list[str]:
        client = ModelClient(container, self.halt)
        client.wait_until_healthy(self._context.start_timeout_s)
        parameters = self._parameters(client)
        with closing(self._log_stream(f"{self._instances[index]}/data-log")) as data_log:
            say = partial(_say, data_log)
            say(", ".join(f"{name}={value}" for name, value in parameters.by_name().items()))
            transform = InstanceTransform(
                s3=self._context.aws.s3,
                plan=Plan.of(self.request, parameters),
                client=client,
                halt=self.halt,
                directory=self._directory / self._instances[index] / "files",
                say=say,
                uploads=self._uploads,
            )
            transform.run(self._objects[index :: len(self._instances)])
        return transform.faults

    def _parameters(self, client: ModelClient) -> ExecutionParameters:
        """Return the parameters of the request, else those that the container asks for, else the defaults."""
        asked = ExecutionParameters.of_container(client.execution_parameters())
        return self.request.parameters.filled_from(asked).filled_from(DEFAULTS)

    def _log_stream(self, name: str) -> LogStream:
        return LogStream(self._context.aws.logs, LOG_GROUP, f"{self.job.name}/{name}")


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
