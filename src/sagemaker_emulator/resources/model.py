"""A model: its containers, and how an invocation passes through them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar

from sagemaker_emulator.resources.container_definition import PRIMARY, ContainerDefinition


class Row(StrEnum):
    """How an invocation passes through the containers of a model.

    SINGLE: the model has one. SERIAL: through all, one after the other. DIRECT: through the one that it names.
    """

    SINGLE = "Single"
    SERIAL = "Serial"
    DIRECT = "Direct"


@dataclass(frozen=True)
class Model:
    """`packages` are the container definitions of the model packages that the request names, by that name.

    `packaged` is the only container of the only package, as version 0.1.0 stored it.
    """

    kind: ClassVar[str] = "model"

    name: str
    arn: str
    request: dict[str, Any]
    created: float
    packaged: dict[str, Any] = field(default_factory=dict)
    packages: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    @property
    def containers(self) -> tuple[ContainerDefinition, ...]:
        """Return the containers in their order. Each is merged over the container of its model package."""
        merged = [
            _merged(packaged, wire)
            for wire in requested_containers(self.request)
            for packaged in self.packages.get(wire.get("ModelPackageName", ""), [self.packaged])
        ]
        if len(merged) == 1 and self.execution_mode is not Row.DIRECT:
            return (ContainerDefinition(PRIMARY, merged[0]),)
        # source: ContainerDefinition, ContainerHostname: "a unique name is automatically assigned based on the
        # position of the ContainerDefinition in the pipeline"
        return tuple(
            ContainerDefinition(wire.get("ContainerHostname") or f"container-{position}", wire)
            for position, wire in enumerate(merged, 1)
        )

    @property
    def row(self) -> Row:
        is_single = len(self.containers) == 1 and self.execution_mode is not Row.DIRECT
        return Row.SINGLE if is_single else self.execution_mode

    @property
    def execution_mode(self) -> Row:
        """Return SERIAL or DIRECT, as InferenceExecutionConfig says."""
        return Row(self.request.get("InferenceExecutionConfig", {}).get("Mode", "Serial"))

    @property
    def is_multi_model(self) -> bool:
        return any(container.is_multi_model for container in self.containers)

    @property
    def role_arn(self) -> str:
        return str(self.request.get("ExecutionRoleArn", ""))

    @property
    def network_isolation(self) -> bool:
        return bool(self.request.get("EnableNetworkIsolation", False))


def requested_containers(request: dict[str, Any]) -> list[dict[str, Any]]:
    """Return PrimaryContainer or Containers of a CreateModel request; none if it has neither."""
    if "PrimaryContainer" in request:
        return [request["PrimaryContainer"]]
    containers: list[dict[str, Any]] = request.get("Containers", [])
    return containers


def _merged(packaged: dict[str, Any], wire: dict[str, Any]) -> dict[str, Any]:
    environment = {**packaged.get("Environment", {}), **wire.get("Environment", {})}
    return {**packaged, **wire, "Environment": environment}
