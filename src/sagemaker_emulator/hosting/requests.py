"""CreateEndpoint, UpdateEndpoint and UpdateEndpointWeightsAndCapacities: their requests, parsed once.

`parse` raises ValidationException for what is not emulated.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.guardrails.policy import Policy
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.repeated import repeated


@dataclass(frozen=True)
class CreateEndpointRequest:
    """`deployment_config` is kept as the wire has it, for DescribeEndpoint."""

    endpoint_name: str
    config_name: str
    deployment_config: dict[str, Any]
    tags: dict[str, str]

    @classmethod
    def parse(cls, request: dict[str, Any]) -> CreateEndpointRequest:
        return cls(
            endpoint_name=request["EndpointName"],
            config_name=request["EndpointConfigName"],
            deployment_config=_deployment_config(request),
            tags={tag["Key"]: tag["Value"] for tag in request.get("Tags", ())},
        )


@dataclass(frozen=True)
class UpdateEndpointRequest:
    """`not_retained` are AWS's VariantPropertyTypes that an update with `retains_variant_properties` resets."""

    endpoint_name: str
    config_name: str
    deployment_config: dict[str, Any]
    retains_variant_properties: bool
    not_retained: frozenset[str]
    retains_deployment_config: bool

    @classmethod
    def parse(cls, request: dict[str, Any]) -> UpdateEndpointRequest:
        excluded = request.get("ExcludeRetainedVariantProperties", ())
        return cls(
            endpoint_name=request["EndpointName"],
            config_name=request["EndpointConfigName"],
            deployment_config=_deployment_config(request),
            retains_variant_properties=request.get("RetainAllVariantProperties", False),
            not_retained=frozenset(prop["VariantPropertyType"] for prop in excluded),
            retains_deployment_config=request.get("RetainDeploymentConfig", False),
        )


@dataclass(frozen=True)
class RescaleEndpointRequest:
    """UpdateEndpointWeightsAndCapacities. Weights, instance counts and ServerlessUpdateConfigs by variant name, where
    the request has them.
    """

    endpoint_name: str
    variant_names: frozenset[str]
    weights: dict[str, float]
    instance_counts: dict[str, int]
    serverless: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def parse(cls, request: dict[str, Any]) -> RescaleEndpointRequest:
        desired = request["DesiredWeightsAndCapacities"]
        names = [variant["VariantName"] for variant in desired]
        for name in repeated(names):
            raise validation(f'The variant name "{name}" was non-unique within the request.')
        for variant in desired:
            require_quota(f"variant {variant['VariantName']}", variant.get("DesiredInstanceCount", 0), "endpoint")
        return cls(
            endpoint_name=request["EndpointName"],
            variant_names=frozenset(names),
            weights={one["VariantName"]: one["DesiredWeight"] for one in desired if "DesiredWeight" in one},
            instance_counts={
                one["VariantName"]: one["DesiredInstanceCount"] for one in desired if "DesiredInstanceCount" in one
            },
            serverless={
                one["VariantName"]: one["ServerlessUpdateConfig"] for one in desired if "ServerlessUpdateConfig" in one
            },
        )


def _deployment_config(request: dict[str, Any]) -> dict[str, Any]:
    """Return DeploymentConfig as the wire has it. ValidationException if it contradicts itself."""
    config: dict[str, Any] = request.get("DeploymentConfig", {})
    Policy.parse(config)
    return config
