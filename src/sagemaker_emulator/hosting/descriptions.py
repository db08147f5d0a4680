"""Descriptions of models, endpoint configurations and endpoints, as Describe operations and events have them.

Pure functions of the records; the callers pass in the current state of an endpoint's instances.
"""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.hosting.components.host import described_host
from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.hosting.guardrails.update import Stage, Update
from sagemaker_emulator.hosting.serverless.variant import ServerlessVariant
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus, Revision, VariantTarget
from sagemaker_emulator.resources.endpoint_config import (
    DataCapture,
    EndpointConfig,
    ProductionVariant,
    ServerlessConfig,
)
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.wire import described, present

Description = dict[str, Any]

SINGLE_MODEL = "SingleModel"
WEIGHT = 1.0  # source: ProductionVariant, InitialVariantWeight


def describe_model(model: Model) -> Description:
    """Return the answer of DescribeModel, with the defaults that AWS describes, too."""
    request = {"EnableNetworkIsolation": False, **model.request}
    if "PrimaryContainer" in request:
        request["PrimaryContainer"] = {"Mode": SINGLE_MODEL, **request["PrimaryContainer"]}
    if "Containers" in request:
        request["Containers"] = [{"Mode": SINGLE_MODEL, **one} for one in request["Containers"]]
    return described("DescribeModel", request, {"ModelArn": model.arn, "CreationTime": model.created})


def summarize_model(model: Model) -> Description:
    return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created}


def describe_endpoint_config(config: EndpointConfig) -> Description:
    """Return the answer of DescribeEndpointConfig, with the weights that AWS describes, too."""
    weighed: Description = {
        name: [{"InitialVariantWeight": WEIGHT, **one} for one in config.request[name]]
        for name in ("ProductionVariants", "ShadowProductionVariants")
        if name in config.request
    }
    computed = {**weighed, "EndpointConfigArn": config.arn, "CreationTime": config.created}
    return described("DescribeEndpointConfig", config.request, computed)


def summarize_endpoint_config(config: EndpointConfig) -> Description:
    return {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": config.arn,
        "CreationTime": config.created,
    }


def describe_endpoint(
    endpoint: Endpoint, deployment: Deployment | None = None, update: Update | None = None
) -> Description:
    """Return the answer of DescribeEndpoint. `deployment` is what serves the endpoint at the moment, if anything does:
    current weights and instance counts are its own. `update` is the one that is under way.
    """
    capture = endpoint.revision.data_capture
    description = {
        **summarize_endpoint(endpoint),
        "EndpointConfigName": endpoint.config_name,
        "FailureReason": endpoint.failure_reason,
        "DataCaptureConfig": _data_capture(capture) if capture else None,
        "AsyncInferenceConfig": endpoint.revision.config.request.get("AsyncInferenceConfig"),
        "LastDeploymentConfig": endpoint.deployment_config or None,
        "PendingDeploymentSummary": _pending_deployment(endpoint, update),
        "ProductionVariants": _production_variants(endpoint, deployment),
        "ShadowProductionVariants": _shadow_variants(endpoint, deployment) or None,
    }
    return present(description)


def summarize_endpoint(endpoint: Endpoint) -> Description:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }


def _production_variants(endpoint: Endpoint, deployment: Deployment | None) -> list[Description] | None:
    """None before the first deployment, and for an endpoint that failed with nothing running."""
    if endpoint.status is EndpointStatus.CREATING or (endpoint.status is EndpointStatus.FAILED and not deployment):
        return None
    running = deployment.variants if deployment else {}
    revision = endpoint.revision
    return [_variant(revision, target, running.get(target.name)) for target in revision.targets]


def _shadow_variants(endpoint: Endpoint, deployment: Deployment | None) -> list[Description]:
    if deployment is None or deployment.shadow is None:
        return []
    running, revision = deployment.shadow.deployment.variants, endpoint.revision
    return [_variant(revision, target, running.get(target.name)) for target in revision.shadow_targets]


def _variant(revision: Revision, target: VariantTarget, running: Variant | None) -> Description:
    return {
        "VariantName": target.name,
        "DeployedImages": _deployed_images(revision, target),
        "CurrentWeight": running.weight if running else target.weight,
        "DesiredWeight": target.weight,
        **_capacity(target, running),
        **_host(revision, target),
    }


def _host(revision: Revision, target: VariantTarget) -> Description:
    wires = revision.config.request["ProductionVariants"]
    wire = next((one for one in wires if one["VariantName"] == target.name and "ModelName" not in one), None)
    return described_host(wire) if wire else {}


def _capacity(target: VariantTarget, running: Variant | None) -> Description:
    """Return instance counts or, for a serverless variant, the limits: AWS shows no instances of it."""
    if target.serverless is None:
        count = running.ready_count if running else 0
        return {"CurrentInstanceCount": count, "DesiredInstanceCount": target.instance_count}
    current = running.config if isinstance(running, ServerlessVariant) else target.serverless
    desired = {} if current == target.serverless else {"DesiredServerlessConfig": _serverless(target.serverless)}
    return {"CurrentInstanceCount": 0, "CurrentServerlessConfig": _serverless(current), **desired}


def _serverless(config: ServerlessConfig) -> Description:
    return present(
        {
            "MemorySizeInMB": config.memory_mb,
            "MaxConcurrency": config.max_concurrency,
            "ProvisionedConcurrency": config.provisioned_concurrency,
        }
    )


def _pending_deployment(endpoint: Endpoint, update: Update | None) -> Description | None:
    """PendingDeploymentSummary, which an endpoint has while it is created or updated."""
    pending = endpoint.revision if endpoint.status is EndpointStatus.CREATING else endpoint.pending
    if pending is None:
        return None
    started = update if update and update.revision.id == pending.id else None
    shadows = [_pending_variant(pending, target, started) for target in pending.shadow_targets]
    return {
        "EndpointConfigName": pending.config.name,
        "ProductionVariants": [_pending_variant(pending, target, started) for target in pending.targets],
        "StartTime": pending.started,
        **({"ShadowProductionVariants": shadows} if shadows else {}),
    }


def _pending_variant(pending: Revision, target: VariantTarget, update: Update | None) -> Description:
    """Return a variant that an update brings. Its current weight is the share of the requests that it gets so far."""
    definition = next(one for one in _definitions(pending) if one.name == target.name)
    running = _running(update.new, target.name) if update and update.new else None
    status = {"Status": update.stage, "StartTime": update.stage_began} if update else None
    return {
        **_variant(pending, target, running),
        "CurrentWeight": target.weight * update.new_share if update else 0.0,
        "VariantStatus": [status or {"Status": Stage.CREATING, "StartTime": pending.started}],
        **({"InstanceType": definition.instance_type} if definition.instance_type else {}),
    }


def _definitions(revision: Revision) -> tuple[ProductionVariant, ...]:
    return (*revision.config.variants, *revision.config.shadow_variants)


def _running(deployment: Deployment, variant: str) -> Variant | None:
    shadows = deployment.shadow.deployment.variants if deployment.shadow else {}
    return {**deployment.variants, **shadows}.get(variant)


def _deployed_images(revision: Revision, target: VariantTarget) -> list[Description]:
    """ResolvedImage repeats SpecifiedImage: the emulator does not resolve digests."""
    definition = next(variant for variant in _definitions(revision) if variant.name == target.name)
    if definition.hosts_components:
        return []
    return [
        {"SpecifiedImage": one.image, "ResolvedImage": one.image, "ResolutionTime": revision.started}
        for one in revision.model(definition.model_name).containers
    ]


def _data_capture(capture: DataCapture) -> Description:
    return {
        "EnableCapture": capture.enabled,
        "CaptureStatus": "Started" if capture.enabled else "Stopped",
        "CurrentSamplingPercentage": capture.sampling_percentage,
        "DestinationS3Uri": capture.destination_uri,
        "KmsKeyId": "",
    }
