"""Starts containers in Docker, finds those of an earlier life again, and removes what is this emulator's alone."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker

from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.engine.docker import copying
from sagemaker_emulator.engine.docker.container import DOCKER_ERRORS, DockerContainer
from sagemaker_emulator.engine.docker.images import Images
from sagemaker_emulator.engine.docker.instance_types import InstanceType, InstanceTypes, Limits
from sagemaker_emulator.engine.docker.labels import BASE_DIR, Labels
from sagemaker_emulator.engine.docker.networks import Networks

POOL = 128  # every container that runs has two connections open
NO_GPU = ("could not select device driver", "nvidia")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DockerEngine:
    """Without bind mounts: /opt/ml is copied in before a container starts, and what it leaves is copied out.

    In a container, as its network tells, whoever ends the emulator may be about to start it again: what can be found
    again runs on.
    """

    client: Any
    labels: Labels
    images: Images
    networks: Networks
    instance_types: InstanceTypes

    @property
    def containers_outlive_it(self) -> bool:
        return self.networks.shared is not None

    def check(self, image: str) -> None:
        """Nothing: whether an image can be pulled shows when it is."""

    def start(self, spec: ContainerSpec) -> DockerContainer:
        limits = self.instance_types.limits(spec.instance_type)
        try:
            container = self._created(spec, limits)
        except DOCKER_ERRORS as error:
            raise EngineError(f"The container {spec.name!r} could not be made: {error}") from error
        try:
            self._fill(container, spec)
            container.start()
            started = self._watched(container, spec, limits)
            started.feed_pipes()
        except BaseException as error:
            self._remove(container)
            if isinstance(error, DOCKER_ERRORS):
                raise EngineError(_not_started(spec, limits, error)) from error
            raise
        return started

    def find(self, spec: ContainerSpec) -> DockerContainer | None:
        found = self.client.containers.list(all=True, filters=self.labels.filter(spec.base_dir))
        if not found or found[0].status == "created":
            return None
        return self._watched(found[0], spec, self.instance_types.limits(spec.instance_type))

    def end_leftovers(self, kept: Collection[Path] = ()) -> int:
        labels = {str(base_dir) for base_dir in kept}
        ended = [one for one in self._containers() if one.labels.get(BASE_DIR) not in labels]
        for container in ended:
            self._remove(container)
        self.networks.remove()
        return len(ended)

    def close(self) -> None:
        with suppress(*DOCKER_ERRORS):
            self.networks.remove()
            self.client.close()

    def _containers(self) -> list[Any]:
        found: list[Any] = self.client.containers.list(all=True, ignore_removed=True, filters=self.labels.filter())
        return found

    def _created(self, spec: ContainerSpec, limits: Limits) -> Any:
        return self.client.containers.create(
            self.images.ready(spec.image),
            command=[*([spec.command] if spec.command else []), *spec.arguments] or None,
            entrypoint=list(spec.entrypoint) or None,
            name=spec.name if spec.peers else f"{spec.name}-{secrets.token_hex(3)}",  # it may be started again
            hostname=spec.host or None,
            environment=dict(spec.environment),
            labels=self.labels.own(spec.base_dir),
            log_config={"type": "json-file"},  # the one that can be read back, whatever the daemon's own is
            **_resources(limits),
            **self.networks.options(spec),
        )

    def _fill(self, container: Any, spec: ContainerSpec) -> None:
        if not container.put_archive("/", copying.packed(spec.base_dir)):
            raise EngineError(f"The input of {spec.name!r} could not be copied into its container")

    def _watched(self, container: Any, spec: ContainerSpec, limits: Limits) -> DockerContainer:
        address = self.networks.address(container) if spec.serves else ""
        watched = DockerContainer(container, spec, limits.memory, address)
        watched.watch()
        return watched

    def _remove(self, container: Any) -> None:
        with suppress(*DOCKER_ERRORS):
            container.remove(v=True, force=True)


def connect(
    instance: str, built_in_image: str, network: str | None = None, own_types: Mapping[str, InstanceType] | None = None
) -> DockerEngine:
    """The engine that Docker's own variables and context name. EngineError when none answers."""
    try:
        client = docker.from_env(max_pool_size=POOL)
        types = InstanceTypes.of_machine(client.info(), own_types or {})
        if network:
            client.networks.get(network)
    except DOCKER_ERRORS as error:
        raise EngineError(str(error)) from error
    labels = Labels(instance)
    return DockerEngine(client, labels, Images(client, built_in_image), Networks(client, labels, network), types)


def _resources(limits: Limits) -> dict[str, Any]:
    """Swap would let a container grow beyond its memory. Half of it may be shared, as PyTorch's workers need."""
    memory = limits.memory_bytes
    resources: dict[str, Any] = {}
    if limits.vcpus:
        resources["nano_cpus"] = int(limits.vcpus * 1e9)
    if memory:
        resources |= {"mem_limit": memory, "memswap_limit": memory, "shm_size": memory // 2}
    if limits.gpus:
        resources["device_requests"] = [docker.types.DeviceRequest(count=limits.gpus, capabilities=[["gpu"]])]
    return resources


def _not_started(spec: ContainerSpec, limits: Limits, error: Exception) -> str:
    said = str(getattr(error, "explanation", None) or error)
    if limits.gpus and any(words in said for words in NO_GPU):
        return (
            f"The instance type {spec.instance_type} has {limits.gpus} GPU(s), which Docker cannot give to a container "
            f"here ({said}). Install a GPU's driver and the NVIDIA Container Toolkit, or use an instance type without "
            "GPUs, such as ml.m5.xlarge."
        )
    return f"The container {spec.name!r} did not start: {said}"
