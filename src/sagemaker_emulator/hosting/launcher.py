"""What it takes to host a model: its archive from S3, kept on disk, and an instance for every container."""

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
from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import ContainerSpec
from sagemaker_emulator.hosting.instances import Instance, StartFailed
from sagemaker_emulator.jobs.run_context import RunContext
from sagemaker_emulator.resources.endpoint import Revision
from sagemaker_emulator.resources.endpoint_config import ProductionVariant
from sagemaker_emulator.resources.model import Model

LOG_GROUP = "/aws/sagemaker/Endpoints/"


@dataclass(frozen=True)
class HostingContext(RunContext):
    """Shared by all endpoints. `closing` ends whatever is being started."""

    closing: threading.Event = field(default_factory=threading.Event)

    def archives(self, endpoint: str) -> Path:
        """Where an endpoint's model archives are kept, a folder for each revision."""
        return self.directory / "models" / endpoint

    @property
    def instances(self) -> Path:
        """What instances see as /opt/ml; nothing in it outlives them."""
        return self.directory / "instances"

    def clean(self, served: dict[str, set[str]]) -> None:
        """After a restart: keep the archives of the revisions that are served (ids by endpoint), and nothing else."""
        shutil.rmtree(self.instances, ignore_errors=True)
        for path in self.directory.glob("models/*/*"):
            if path.name not in served.get(path.parent.name, set()):
                shutil.rmtree(path, ignore_errors=True)

    def forget(self, endpoint: str, revision: Revision | None = None) -> None:
        path = self.archives(endpoint)
        shutil.rmtree(path / revision.id if revision else path, ignore_errors=True)


@dataclass(frozen=True)
class Launcher:
    """Starts instances of one variant of one revision."""

    context: HostingContext
    endpoint: str
    variant: ProductionVariant
    model: Model
    archives: Path

    @classmethod
    def of(cls, context: HostingContext, endpoint: str, revision: Revision, variant: ProductionVariant) -> Launcher:
        archives = context.archives(endpoint) / revision.id
        return cls(context, endpoint, variant, revision.model(variant.model_name), archives)

    def start(self, count: int) -> list[Instance]:
        """All of them or none. StartFailed, EngineError, ArchiveError or an AWS error says why."""
        if count == 0:
            return []
        packed = self._packed_model()
        instances = [self._instance(packed) for _ in range(count)]
        timeout_s = self.variant.startup_timeout_s or self.context.start_timeout_s
        try:
            with ThreadPoolExecutor(count) as pool:
                list(pool.map(lambda instance: instance.start(timeout_s), instances))
        except BaseException:
            stop_all(instances)
            raise
        return instances

    def _packed_model(self) -> Path | None:
        """model.tar.gz, fetched once for a revision: a restart does not need S3, nor does another instance."""
        if not self.model.artifacts_uri:
            return None
        packed = self.archives / f"{self.model.name}.tar.gz"
        if not packed.is_file():
            self.archives.mkdir(parents=True, exist_ok=True)
            location, part = S3Location.parse(self.model.artifacts_uri), packed.with_suffix(".part")
            in_time = _deadline(self.variant.download_timeout_s)
            self.context.aws.s3.download_file(location.bucket, location.key, str(part), Callback=in_time)
            part.replace(packed)
        return packed

    def _instance(self, packed: Path | None) -> Instance:
        instance_id = f"i-{uuid.uuid4().hex[:17]}"
        base_dir = self.context.instances / self.endpoint / f"{self.variant.name}-{instance_id}"
        _unpack(packed, base_dir)
        spec = ContainerSpec(
            name=f"{self.endpoint}-{self.variant.name}-{instance_id}",
            image=self.model.container["Image"],
            command="serve",
            base_dir=base_dir,
            environment={**self.model.container.get("Environment", {})},
            serves=True,
            instance_type=self.variant.instance_type or "",
        )
        stream = LogStream(self.context.aws.logs, LOG_GROUP + self.endpoint, f"{self.variant.name}/{instance_id}")
        return Instance(spec, self.context.engine, stream, self.context.stop_grace_s, self.context.closing)


def stop_all(instances: list[Instance]) -> None:
    with ThreadPoolExecutor(max(1, len(instances))) as pool:
        list(pool.map(Instance.stop, instances))


def _deadline(timeout_s: float) -> Callable[[int], None]:
    """A progress callback of boto3 that breaks a transfer off."""
    deadline = time.monotonic() + timeout_s

    def check(_: int) -> None:
        if time.monotonic() > deadline:
            raise StartFailed(f"The model data was not downloaded within {timeout_s:g} seconds.")

    return check


def _unpack(packed: Path | None, base_dir: Path) -> None:
    target = base_dir / "model"
    target.mkdir(parents=True, exist_ok=True)
    if packed is None:
        return
    try:
        archive.unpack(packed, target)
    except BaseException:
        shutil.rmtree(base_dir, ignore_errors=True)
        raise
