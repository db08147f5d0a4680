"""The models of all multi-model containers: found, loaded and preferred for requests."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import psutil

from sagemaker_emulator.engine.docker.instance_types import GIB, InstanceType
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.serving_container import ServingContainer
from sagemaker_emulator.invocation.container_http import Connections
from sagemaker_emulator.invocation.metrics import InvocationMetrics
from sagemaker_emulator.invocation.multi_model.archives import Archives, target_of
from sagemaker_emulator.invocation.multi_model.container_api import ContainerApi
from sagemaker_emulator.invocation.multi_model.loaded_models import LoadedModel, LoadedModels
from sagemaker_emulator.invocation.multi_model.model_metrics import ModelMetrics

THREADS = 4
BUSY = 8  # with more requests in flight, an instance that has the model shares them with one that has not


@dataclass(eq=False)
class ModelInUse:
    """A loaded model and one request that uses it, until `end`."""

    models: LoadedModels
    model: LoadedModel

    def end(self) -> None:
        self.models.end_use(self.model)

    def forget(self) -> None:
        """Load the model again for the next request, because the container does not know it."""
        self.models.forget(self.model)


@dataclass(eq=False)
class MultiModels:
    """The models by container, from a container's first request on. Everything runs on the server's event loop."""

    connections: Connections
    s3: Callable[[], Any]
    metrics: InvocationMetrics
    instance_types: Mapping[str, InstanceType]
    _by_container: dict[ServingContainer, LoadedModels] = field(default_factory=dict)
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "multi-model"))

    async def use(
        self, container: ServingContainer, target: str, endpoint: str, variant: str, timeout_s: float
    ) -> ModelInUse:
        """Return a model of a container when it is loaded. `endpoint` and `variant` are for the metrics."""
        models = self._by_container.get(container)
        if models is None:
            self._forget_stopped()
            models = self._by_container[container] = self._models_of(container, endpoint, variant)
        return ModelInUse(models, await models.use(target_of(target), timeout_s))

    def preferred(self, instance: Instance, others: Iterable[Instance], target: str) -> Instance:
        """Return the healthy instance that has the model, unless it is much busier than `instance`."""
        target = target_of(target)
        holders = [one for one in others if one.is_ready and self._holds(one, target)]
        holder = min(holders, key=lambda one: one.in_flight, default=instance)
        return instance if holder.in_flight - instance.in_flight > BUSY else holder

    def close(self) -> None:
        """Cancel the loads under way."""
        for models in list(self._by_container.values()):
            models.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget_stopped(self) -> None:
        for container in [one for one in self._by_container if one.is_stopped]:
            self._by_container.pop(container).close()

    def _holds(self, instance: Instance, target: str) -> bool:
        containers = (one for one in instance.containers if one.definition.is_multi_model)
        return any(one in self._by_container and self._by_container[one].holds(target) for one in containers)

    def _models_of(self, container: ServingContainer, endpoint: str, variant: str) -> LoadedModels:
        return LoadedModels(
            container,
            Archives(self.s3(), container),
            ContainerApi(self.connections, container),
            ModelMetrics(self.metrics, endpoint, variant, container.spec.name),
            self._memory_bytes(container.spec.instance_type),
            self._threads,
        )

    def _memory_bytes(self, instance_type: str) -> int:
        """Return the memory of an instance, which is at most the machine's."""
        machine_bytes = int(psutil.virtual_memory().total)
        type_ = self.instance_types.get(instance_type) or InstanceType.of(instance_type)
        return min(machine_bytes, int(type_.memory_gib * GIB)) if type_ else machine_bytes
