"""Start containers in Docker, find those from before a restart, and remove only what belongs to this emulator."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import docker

from sagemaker_emulator.engine import ContainerSpec, EngineError
from sagemaker_emulator.engine.docker import copying
from sagemaker_emulator.engine.docker.container import DOCKER_ERRORS, DockerContainer
from sagemaker_emulator.engine.docker.gateway import Gateway
from sagemaker_emulator.engine.docker.images import Images
from sagemaker_emulator.engine.docker.instance_types import InstanceType, InstanceTypes, Limits
from sagemaker_emulator.engine.docker.kit_images.framework_images import LAUNCHER, REPOSITORY
from sagemaker_emulator.engine.docker.labels import BASE_DIR, Labels
from sagemaker_emulator.engine.docker.logins import Logins
from sagemaker_emulator.engine.docker.networks import Networks
from sagemaker_emulator.engine.docker.own_container import own_container

POOL = 128  # every container that runs has two connections open
CONFINED = {"cap_drop": ["ALL"], "security_opt": ["no-new-privileges"], "pids_limit": 4096}
NO_GPU = ("could not select device driver", "nvidia")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class DockerEngine:
    """An engine without bind mounts: /opt/ml is copied in before a container starts, and its outputs are copied out.

    An emulator that itself runs in a container has a shared network. Its end may be a restart, so its containers keep
    running, and the next emulator finds them.
    """

    client: Any
    labels: Labels
    images: Images
    networks: Networks
    instance_types: InstanceTypes

    @property
    def containers_outlive_it(self) -> bool:
        return self.networks.shared is not None

    @cached_property
    def gateway(self) -> Gateway:
        return Gateway(self.networks)

    def check(self, image: str, isolated: bool = False, serves: bool = False) -> None:
        """Accept every image: only the pull shows whether it exists."""
        if isolated and serves and self.networks.shared and not self.networks.container:
            raise EngineError(
                "EnableNetworkIsolation: the emulator's own container must join the network of an isolated one that "
                f"serves, but Docker finds no container of the emulator in the network {self.networks.shared!r}. Run "
                "the emulator in a container of that network, or on this machine without "
                "SAGEMAKER_EMULATOR_DOCKER_NETWORK; or leave EnableNetworkIsolation out."
            )

    def prepare(self, image: str, say: Callable[[str], None]) -> None:
        """Pull the image if Docker lacks it, or build the kit's image for a framework."""
        try:
            self.images.ready(image, say)
        except DOCKER_ERRORS as error:
            raise EngineError(f"The image {image!r} could not be made ready: {error}") from error

    def is_isolated(self, address: str) -> bool:
        return self.networks.container is not None and self.networks.container.is_isolated(address)

    def start(self, spec: ContainerSpec) -> DockerContainer:
        limits = self.instance_types.limits(spec.instance_type, spec.memory_mb)
        try:
            container = self._created(spec, limits)
        except DOCKER_ERRORS as error:
            self._release(spec)
            raise EngineError(f"The container {spec.name!r} could not be created: {error}") from error
        try:
            self._fill(container, spec)
            container.start()
            started = self._watched(container, spec, limits)
            started.feed_pipes()
        except BaseException as error:  # whatever the reason, no container stays behind
            self._remove(container)
            self._release(spec)
            if isinstance(error, DOCKER_ERRORS):
                raise EngineError(_start_failure(spec, limits, error)) from error
            raise
        return started

    def find(self, spec: ContainerSpec) -> DockerContainer | None:
        containers = self.client.containers.list(all=True, filters=self.labels.filter(spec.base_dir))
        if not containers or containers[0].status == "created":
            return None
        return self._watched(containers[0], spec, self.instance_types.limits(spec.instance_type, spec.memory_mb))

    def end_orphans(self, kept: Collection[Path] = ()) -> int:
        labels = {str(base_dir) for base_dir in kept}
        ended = [one for one in self._containers() if one.labels.get(BASE_DIR) not in labels]
        for container in ended:
            self._remove(container)
        self.networks.remove()
        return len(ended)

    def close(self) -> None:
        self.gateway.close()
        with suppress(*DOCKER_ERRORS):
            self.networks.remove()
            self.client.close()

    def _containers(self) -> list[Any]:
        containers: list[Any] = self.client.containers.list(all=True, ignore_removed=True, filters=self.labels.filter())
        return containers

    def _created(self, spec: ContainerSpec, limits: Limits) -> Any:
        image = self.images.present(spec.image)
        return self.client.containers.create(
            image,
            command=[*([spec.command] if spec.command else []), *spec.arguments] or None,
            entrypoint=list(spec.entrypoint) or _launcher(image, spec),
            name=spec.name if spec.peers else f"{spec.name}-{secrets.token_hex(3)}",  # a restart needs a new name
            hostname=spec.host or None,
            labels=self.labels.own(spec.base_dir),
            log_config={"type": "json-file"},  # can be read back, whatever the daemon's default is
            **CONFINED,
            **_resources(limits),
            **self.gateway.options(spec.environment, not self.networks.shared and not spec.network_isolation),
            **self.networks.options(spec),
        )

    def _fill(self, container: Any, spec: ContainerSpec) -> None:
        if not container.put_archive("/", copying.packed(spec.base_dir)):
            raise EngineError(f"The input of {spec.name!r} could not be copied into its container")

    def _watched(self, container: Any, spec: ContainerSpec, limits: Limits) -> DockerContainer:
        address = self.networks.address(container, spec) if spec.serves else ""
        watched = DockerContainer(container, spec, limits.memory, address, partial(self.networks.release, spec))
        watched.watch()
        return watched

    def _remove(self, container: Any) -> None:
        with suppress(*DOCKER_ERRORS):
            container.remove(v=True, force=True)

    def _release(self, spec: ContainerSpec) -> None:
        with suppress(*DOCKER_ERRORS):
            self.networks.release(spec)


def connect(
    emulator: str,
    built_in_image: str,
    network: str | None = None,
    own_types: Mapping[str, InstanceType] | None = None,
    logins: str = "",
) -> DockerEngine:
    """Return the engine at the address in Docker's own variables and context. EngineError if none answers.

    `logins` is the text of a Docker `config.json`.
    """
    known = Logins.of(logins)
    try:
        client = docker.from_env(max_pool_size=POOL)
        types = InstanceTypes.of_machine(client.info(), own_types or {})
        if network:
            client.networks.get(network)
        labels = Labels(emulator)
        networks = Networks(client, labels, network, own_container(client, network) if network else None)
        networks.refuse_isolated()
    except DOCKER_ERRORS as error:
        raise EngineError(str(error)) from error
    return DockerEngine(client, labels, Images(client, built_in_image, known), networks, types)


def _launcher(image: str, spec: ContainerSpec) -> list[str] | None:
    """Return the entrypoint of a request that gives arguments alone, which AWS's framework images run as a command."""
    return list(LAUNCHER) if image.startswith(f"{REPOSITORY}:") and not spec.command else None


def _resources(limits: Limits) -> dict[str, Any]:
    """Return Docker's options. Without swap the memory limit holds; half of it may be shared, for PyTorch's workers."""
    memory = limits.memory_bytes
    resources: dict[str, Any] = {}
    if limits.vcpus:
        resources["nano_cpus"] = int(limits.vcpus * 1e9)
    if memory:
        resources |= {"mem_limit": memory, "memswap_limit": memory, "shm_size": memory // 2}
    if limits.gpus:
        resources["device_requests"] = [docker.types.DeviceRequest(count=limits.gpus, capabilities=[["gpu"]])]
    return resources


def _start_failure(spec: ContainerSpec, limits: Limits, error: Exception) -> str:
    reason = str(getattr(error, "explanation", None) or error)
    if limits.gpus and any(words in reason for words in NO_GPU):
        return (
            f"The instance type {spec.instance_type} has {limits.gpus} GPU(s), which Docker cannot give to a container "
            f"here ({reason}). Install a GPU's driver and the NVIDIA Container Toolkit, or use an instance type "
            "without GPUs, such as ml.m5.xlarge."
        )
    return f"The container {spec.name!r} did not start: {reason}"
