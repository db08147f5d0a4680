"""Start instances of a variant: fetch each model.tar.gz from S3, keep it on disk, unpack it for each instance."""

from __future__ import annotations

import shutil
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from sagemaker_emulator.archives import archive
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.serving_container import ServingContainer, StartFailed, serving_environment
from sagemaker_emulator.jobs.run_context import MARK, RunContext
from sagemaker_emulator.resources.container_definition import PRIMARY, ContainerDefinition
from sagemaker_emulator.resources.endpoint import Revision
from sagemaker_emulator.resources.endpoint_config import ProductionVariant
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.wire import AwsError

LOG_GROUP = "/aws/sagemaker/Endpoints/"
START_ERRORS = (StartFailed, EngineError, archive.ArchiveError, AwsError, ValueError, OSError, *AWS_ERRORS)


@dataclass(frozen=True)
class HostingContext(RunContext):
    """The context that all endpoints share. Setting `closing` aborts every start that is under way.

    A serverless instance is stopped after `serverless_idle_s` without a request.
    """

    closing: threading.Event = field(default_factory=threading.Event)
    serverless_idle_s: float = 30.0

    def archives(self, endpoint: str) -> Path:
        """Return the folder of an endpoint's model archives; it has a folder for each revision."""
        return self.directory / "models" / endpoint

    @property
    def instances(self) -> Path:
        """Return the folder that holds each instance's /opt/ml. Nothing in it outlives the instances."""
        return self.directory / "instances"

    def remove_stale_files(self, served: dict[str, set[str]]) -> None:
        """After a restart, keep only the archives of the revisions in `served`: revision ids by endpoint name."""
        shutil.rmtree(self.instances, ignore_errors=True)
        for path in self.directory.glob("models/*/*"):
            if path.name not in served.get(path.parent.name, set()):
                shutil.rmtree(path, ignore_errors=True)

    def remove_archives(self, endpoint: str, revision: Revision | None = None) -> None:
        """Remove the model archives of one revision, or of the whole endpoint."""
        path = self.archives(endpoint)
        shutil.rmtree(path / revision.id if revision else path, ignore_errors=True)


@dataclass(frozen=True)
class Launcher:
    """A starter of instances, for one variant of one revision. Setting `aborted` ends every start under way."""

    context: HostingContext
    endpoint: str
    variant: ProductionVariant
    model: Model
    archives: Path
    log_group: str | None = None  # that of the endpoint, if it is None
    memory_mb: int | None = None
    aborted: threading.Event = field(default_factory=threading.Event, compare=False)

    @classmethod
    def of(cls, context: HostingContext, endpoint: str, revision: Revision, variant: ProductionVariant) -> Launcher:
        archives = context.archives(endpoint) / revision.id
        memory_mb = variant.serverless.memory_mb if variant.serverless else None
        return cls(context, endpoint, variant, revision.model(variant.model_name), archives, memory_mb=memory_mb)

    def unpacked(self) -> Instance:
        """Return an instance for a later `start`: its model is on disk, and nothing of it runs. Raises like `start`."""
        return self._new_instance([(one, self._model_archive(one)) for one in self.model.containers])

    def start(self, count: int, unpacked: Instance | None = None) -> list[Instance]:
        """Start `count` instances at once, all of them or none. The first is the `unpacked` one, if there is one.

        Raises StartFailed, EngineError, ArchiveError or one of AWS_ERRORS.
        """
        if count == 0:
            return []
        instances = [unpacked] if unpacked else []
        timeout_s = self.variant.startup_timeout_s or self.context.start_timeout_s
        try:
            containers = [(one, self._model_archive(one)) for one in self.model.containers]
            while len(instances) < count:
                instances.append(self._new_instance(containers))
            self._prepare_images(instances[0])
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(lambda instance: instance.start(timeout_s), instances))
        except BaseException:  # whatever the reason, nothing stays running
            stop_all(instances)
            raise
        return instances

    def _prepare_images(self, instance: Instance) -> None:
        """Get what the engine needs for the images, which may take longer than a container may take to start."""
        for container in instance.containers:
            self._prepare_image(container)

    def _prepare_image(self, container: ServingContainer) -> None:
        def say(line: str) -> None:
            if self._is_aborted():
                raise StartFailed("The endpoint or the emulator was stopped while the image was made ready.")
            container.log_stream.write(f"{MARK} {line}")

        self.context.engine.prepare(container.spec.image, say)

    def _model_archive(self, container: ContainerDefinition) -> Path | None:
        """Return model.tar.gz on disk. It is downloaded once per revision: later instances and restarts need no S3.

        A multi-model container has none: it gets each of its models when the model is invoked.
        """
        if not container.artifacts_uri or container.is_multi_model:
            return None
        name = self.model.name if container.name == PRIMARY else f"{self.model.name}.{container.name}"
        model_archive = self.archives / f"{name}.tar.gz"
        if not model_archive.is_file():
            self.archives.mkdir(parents=True, exist_ok=True)
            location, part = S3Location.parse(container.artifacts_uri), model_archive.with_suffix(".part")
            abort_when_late = _deadline(self.variant.download_timeout_s)
            self.context.aws.s3.download_file(location.bucket, location.key, str(part), Callback=abort_when_late)
            part.replace(model_archive)
        return model_archive

    def _new_instance(self, containers: list[tuple[ContainerDefinition, Path | None]]) -> Instance:
        instance_id, row = f"i-{uuid.uuid4().hex[:17]}", list[ServingContainer]()
        try:
            for definition, model_archive in containers:
                row.append(self._new_container(instance_id, definition, model_archive))
        except BaseException:  # whatever the reason, no half-unpacked row stays on disk
            for container in row:
                container.stop()
            raise
        return Instance(tuple(row), self.model.row)

    def _new_container(
        self, instance_id: str, definition: ContainerDefinition, model_archive: Path | None
    ) -> ServingContainer:
        parts = [instance_id] if definition.name == PRIMARY else [instance_id, definition.name]
        base_dir = self.context.instances / self.endpoint / "-".join([self.variant.name, *parts])
        _unpack(model_archive, base_dir, definition.artifacts_uri)
        spec = ContainerSpec(
            name="-".join([self.endpoint, self.variant.name, *parts]),
            image=definition.image,
            command="serve",
            base_dir=base_dir,
            environment=serving_environment(definition, self.variant.serverless is not None),
            serves=True,
            instance_type=self.variant.instance_type or "",
            memory_mb=self.memory_mb,
            network_isolation=self.model.network_isolation,
            role_arn=self.model.role_arn,
        )
        # source: troubleshoot inference pipelines, the log streams of their containers
        group = self.log_group or LOG_GROUP + self.endpoint
        stream = LogStream(self.context.aws.logs, group, "/".join([self.variant.name, *parts]))
        return ServingContainer(
            definition,
            self.context.with_aws(spec),
            self.context.engine,
            stream,
            self.context.stop_grace_s,
            self._is_aborted,
        )

    def _is_aborted(self) -> bool:
        return self.aborted.is_set() or self.context.closing.is_set()


def stop_all(instances: list[Instance]) -> None:
    """Stop instances, all at once: each may take its whole grace."""
    with ThreadPoolExecutor(max(1, len(instances))) as pool:
        list(pool.map(lambda instance: instance.stop(), instances))


def _deadline(timeout_s: float) -> Callable[[int], None]:
    """Return a progress callback for boto3 that aborts the transfer after `timeout_s`."""
    deadline = time.monotonic() + timeout_s

    def check(_: int) -> None:
        if time.monotonic() > deadline:
            raise StartFailed(f"The model data was not downloaded within {timeout_s:g} seconds.")

    return check


def _unpack(model_archive: Path | None, base_dir: Path, uri: str | None) -> None:
    target = base_dir / "model"
    target.mkdir(parents=True, exist_ok=True)
    if model_archive is None:
        return
    try:
        archive.unpack(model_archive, target)
    except archive.ArchiveError as error:
        shutil.rmtree(base_dir, ignore_errors=True)
        raise archive.ArchiveError(
            f'Failed to extract model data archive from URL "{uri}". Please ensure that the object located at the URL '
            f"is a valid tar.gz archive. {error}."
        ) from error
    except BaseException:  # whatever the reason, no half-unpacked model stays on disk
        shutil.rmtree(base_dir, ignore_errors=True)
        raise
