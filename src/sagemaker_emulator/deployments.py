"""A deployment: one endpoint configuration, started. Chooses the instance that answers a request."""

from __future__ import annotations

import random
import shutil
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sagemaker_emulator import archive
from sagemaker_emulator.aws import AwsClients, S3Location
from sagemaker_emulator.engine import ContainerSpec, Engine
from sagemaker_emulator.errors import service_unavailable, validation
from sagemaker_emulator.instances import Instance
from sagemaker_emulator.log_streams import LogStream
from sagemaker_emulator.resources.endpoint_config import DataCapture, EndpointConfig, ProductionVariant
from sagemaker_emulator.resources.model import Model

LOG_GROUP = "/aws/sagemaker/Endpoints/"


@dataclass(frozen=True)
class HostingContext:
    """What every endpoint of this emulator shares."""

    aws: AwsClients
    engine: Engine
    directory: Path
    start_timeout_s: float
    stop_grace_s: float


@dataclass
class Variant:
    name: str
    weight: float
    instances: list[Instance]

    def least_busy(self) -> Instance | None:
        return min((one for one in self.instances if one.is_ready), key=lambda one: one.in_flight, default=None)


@dataclass
class Deployment:
    endpoint_name: str
    config_name: str
    data_capture: DataCapture | None
    variants: dict[str, Variant]

    def choose(self, target_variant: str | None) -> tuple[Variant, Instance]:
        """The variant that was named, or one by weight, and its least busy instance."""
        variant = self._named(target_variant) if target_variant else self._by_weight()
        instance = variant.least_busy()
        if instance is None:
            raise service_unavailable(
                f"Variant {variant.name} of endpoint {self.endpoint_name} has no healthy instance"
            )
        return variant, instance

    @property
    def in_flight(self) -> int:
        return sum(instance.in_flight for instance in self._instances())

    def stop(self) -> None:
        instances = self._instances()
        with ThreadPoolExecutor(max(1, len(instances))) as pool:
            list(pool.map(Instance.stop, instances))

    def _instances(self) -> list[Instance]:
        return [instance for variant in self.variants.values() for instance in variant.instances]

    def _named(self, name: str) -> Variant:
        if name not in self.variants:
            raise validation_error(f"Variant {name} was not found for endpoint {self.endpoint_name}")
        return self.variants[name]

    def _by_weight(self) -> Variant:
        variants = list(self.variants.values())
        if len(variants) == 1:
            return variants[0]
        weights = [variant.weight for variant in variants]
        if not any(weights):
            raise validation_error(f"Endpoint {self.endpoint_name} has no variant with a weight above 0")
        return random.choices(variants, weights)[0]  # noqa: S311 - traffic, not secrets


def validation_error(message: str) -> Exception:
    """The runtime's name for ValidationException."""
    error = validation(message)
    return type(error)("ValidationError", message)


def deploy(
    context: HostingContext, endpoint: str, config: EndpointConfig, model_of: Callable[[str], Model]
) -> Deployment:
    """Start every instance of every variant. Raises the first failure, with nothing left running."""
    variants: dict[str, Variant] = {}
    deployment = Deployment(endpoint, config.name, config.data_capture, variants)
    try:
        for variant in config.variants:
            instances = _start_variant(context, endpoint, variant, model_of(variant.model_name))
            variants[variant.name] = Variant(variant.name, variant.weight, instances)
    except BaseException:
        deployment.stop()
        raise
    return deployment


def _start_variant(context: HostingContext, endpoint: str, variant: ProductionVariant, model: Model) -> list[Instance]:
    instances = [_instance(context, endpoint, variant, model) for _ in range(variant.instance_count)]
    timeout_s = variant.startup_timeout_s or context.start_timeout_s
    try:
        with ThreadPoolExecutor(len(instances)) as pool:
            list(pool.map(lambda instance: instance.start(timeout_s), instances))
    except BaseException:
        for instance in instances:
            instance.stop()
        raise
    return instances


def _instance(context: HostingContext, endpoint: str, variant: ProductionVariant, model: Model) -> Instance:
    instance_id = f"i-{uuid.uuid4().hex[:17]}"
    base_dir = context.directory / endpoint / f"{variant.name}-{instance_id}"
    _bring_model(context.aws, model, base_dir)
    spec = ContainerSpec(
        name=f"{endpoint}-{variant.name}-{instance_id}",
        image=model.container["Image"],
        command="serve",
        base_dir=base_dir,
        environment={**model.container.get("Environment", {})},
        serves=True,
    )
    stream = LogStream(context.aws.logs, LOG_GROUP + endpoint, f"{variant.name}/{instance_id}")
    return Instance(spec, context.engine, stream, context.stop_grace_s)


def _bring_model(aws: AwsClients, model: Model, base_dir: Path) -> None:
    """model.tar.gz from S3, unpacked into `/opt/ml/model`."""
    target = base_dir / "model"
    target.mkdir(parents=True, exist_ok=True)
    if not model.artifacts_uri:
        return
    location = S3Location.parse(model.artifacts_uri)
    packed = base_dir / "model.tar.gz"
    try:
        aws.s3.download_file(location.bucket, location.key, str(packed))
        archive.unpack(packed, target)
    except BaseException:
        shutil.rmtree(base_dir, ignore_errors=True)
        raise
    packed.unlink()
