"""A variant without a model, which hosts inference components. Its instances are only a number; the copies run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sagemaker_emulator.errors import runtime_validation, validation
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.launcher import HostingContext, Launcher
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.resources.endpoint import VariantTarget
from sagemaker_emulator.resources.endpoint_config import EndpointConfig, ProductionVariant
from sagemaker_emulator.resources.model import Model

NO_MODEL = Model("", "", {}, 0.0)
UNSUPPORTED = ("AsyncInferenceConfig", "ShadowProductionVariants", "ExplainerConfig")


class HostVariant(Variant):
    """`count` is the number of instances that the endpoint has."""

    def __init__(
        self, context: HostingContext, endpoint: str, definition: ProductionVariant, target: VariantTarget
    ) -> None:
        launcher = Launcher(context, endpoint, definition, NO_MODEL, context.archives(endpoint))
        super().__init__(target.name, target.weight, launcher, [])
        self.count = target.instance_count

    @property
    def ready_count(self) -> int:
        return self.count

    def least_busy(self, excluded: Collection[Instance] = ()) -> Instance | None:
        raise runtime_validation(
            "Inference Component Name header is required for endpoints to which you plan to deploy inference "
            "components. Please include Inference Component Name header or consider using SageMaker models."
        )

    def scale_to(self, count: int) -> None:
        self.count = count


def refuse_bad_hosts(config: EndpointConfig) -> None:
    """Raise ValidationException for variants without a model that cannot host inference components."""
    hosts = [variant for variant in config.variants if variant.hosts_components]
    if not hosts:
        return
    names = ", ".join(variant.name for variant in hosts)
    if len(hosts) < len(config.variants):
        raise validation(f"ModelName is missing in production variant(s) {names}: either all have one, or none.")
    if "ExecutionRoleArn" not in config.request:
        raise validation(
            f"ExecutionRoleArn is required for production variant(s) without ModelName, which host inference "
            f"components: {names}."
        )
    if without_type := [variant.name for variant in hosts if not variant.instance_type]:
        raise validation(f"InstanceType is required for production variant(s) {', '.join(without_type)}.")
    if unsupported := [member for member in UNSUPPORTED if member in config.request]:
        raise validation(f"{', '.join(unsupported)} is not supported for endpoints with inference components.")


def described_host(wire: dict[str, Any]) -> dict[str, Any]:
    """Return what DescribeEndpoint adds for such a variant: its managed scaling and its routing."""
    return {member: wire[member] for member in ("ManagedInstanceScaling", "RoutingConfig") if member in wire}
