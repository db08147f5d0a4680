"""Refusals of CreateEndpointConfig and UpdateEndpoint for serverless variants.

AWS lists what serverless endpoints do not support in the developer guide, "Deploy models with Amazon SageMaker
Serverless Inference", section "Feature exclusions". Its sentence about network isolation is known from users' reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.endpoint import Revision
from sagemaker_emulator.resources.endpoint_config import ProductionVariant, ServerlessConfig
from sagemaker_emulator.resources.model import Model, Row

MEMORY_STEP_MB = 1024
OF_CONFIG = {
    "DataCaptureConfig": "data capture",
    "AsyncInferenceConfig": "asynchronous inference",
    "ExplainerConfig": "online explanations",
    "ShadowProductionVariants": "shadow variants",
    "KmsKeyId": "a KMS key for storage volumes",
    "VpcConfig": "VPC configuration",
}
OF_VARIANT = (
    "InitialInstanceCount",
    "InstanceType",
    "AcceleratorType",
    "ManagedInstanceScaling",
    "RoutingConfig",
    "VolumeSizeInGB",
    "CoreDumpConfig",
)


def refuse_bad_serverless(request: dict[str, Any], variants: Sequence[ProductionVariant]) -> None:
    """Raise ValidationException if CreateEndpointConfig asks for a serverless variant that AWS would not take."""
    if not any(variant.serverless for variant in variants):
        return
    if len(variants) > 1:
        raise validation("Multiple production variants are not supported for serverless endpoint.")
    wire, variant = request["ProductionVariants"][0], variants[0]
    for member, feature in OF_CONFIG.items():
        if member in request:
            raise validation(f"{feature} is not supported for serverless endpoint: remove {member}.")
    if request.get("EnableNetworkIsolation"):
        raise validation("network isolation is not supported for serverless endpoint")
    for member in OF_VARIANT:
        if member in wire:
            raise validation(f"Production variant {variant.name}: {member} cannot be combined with ServerlessConfig.")
    assert variant.serverless is not None
    refuse_bad_limits(variant.name, variant.serverless)


def refuse_bad_limits(variant: str, config: ServerlessConfig) -> None:
    if config.memory_mb % MEMORY_STEP_MB:
        raise validation(
            f"Production variant {variant}: MemorySizeInMB {config.memory_mb} is not one of 1024, 2048, 3072, 4096, "
            "5120, 6144."
        )
    if (config.provisioned_concurrency or 0) > config.max_concurrency:
        raise validation(
            f"Production variant {variant}: ProvisionedConcurrency {config.provisioned_concurrency} must be less than "
            f"or equal to MaxConcurrency {config.max_concurrency}."
        )


def refuse_for_serverless(variant: ProductionVariant, model: Model) -> None:
    """Raise ValidationException for a model that a serverless variant cannot serve."""
    if variant.serverless is None:
        return
    if model.network_isolation:
        raise validation("network isolation is not supported for serverless endpoint")
    if "VpcConfig" in model.request:
        raise validation(f"VPC configuration is not supported for serverless endpoint: model {model.name} has one.")
    if model.is_multi_model:
        raise validation(f"Multi-Model mode is not supported for serverless endpoint: model {model.name} has it.")
    if model.row is not Row.SINGLE:
        raise validation(f"inference pipelines are not supported for serverless endpoint: model {model.name} is one.")


def refuse_conversion(current: Revision, pending: Revision) -> None:
    """Raise ValidationException if an instance-based endpoint would become serverless. The reverse is allowed."""
    was_serverless = any(target.serverless for target in current.targets)
    if not was_serverless and any(target.serverless for target in pending.targets):
        raise validation("You cannot convert your instance-based, real-time endpoint to a serverless endpoint.")
