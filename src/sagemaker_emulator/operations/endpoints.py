"""Create, Describe, List, Update and DeleteEndpoint, UpdateEndpointWeightsAndCapacities."""

from __future__ import annotations

from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting.deployments import Variant
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.resources.endpoint import Endpoint, EndpointStatus, Revision, VariantTarget
from sagemaker_emulator.resources.endpoint_config import DataCapture
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateEndpoint")
def create_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """InService when every instance answers /ping; Failed with the end of the log otherwise. A crashed instance is
    started again, later and later if it keeps crashing.
    """
    return {"EndpointArn": sagemaker.endpoints.create(request, tags_of(request)).arn}


@operation("DescribeEndpoint")
def describe_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Weights and counts, current and desired; PendingDeploymentSummary while it is created or updated. ResolvedImage
    is the image as it was given: nothing resolves digests here.
    """
    endpoint = sagemaker.endpoints.get(request["EndpointName"])
    deployment = sagemaker.endpoints.live(endpoint.name)
    shown = shown_endpoint(endpoint)
    pending = endpoint.revision if endpoint.status is EndpointStatus.CREATING else endpoint.pending
    if pending:
        shown["PendingDeploymentSummary"] = _pending(pending)
    if endpoint.status is not EndpointStatus.CREATING and (deployment or endpoint.status is not EndpointStatus.FAILED):
        live = deployment.variants if deployment else {}
        revision = endpoint.revision
        shown["ProductionVariants"] = [_variant(revision, target, live.get(target.name)) for target in revision.targets]
    return shown


@operation("ListEndpoints")
def list_endpoints(sagemaker: SageMaker, request: Request) -> Response:
    """Filters by name, status and times; sorted; paged."""
    found = sagemaker.endpoints.page(request)
    return listed("Endpoints", [_summary(endpoint) for endpoint in found.resources], found.next_token)


@operation("UpdateEndpoint")
def update_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """The new deployment first, then the swap; rolled back when it does not start. Retained variant properties.
    DeploymentConfig: blue/green all at once; no canary, linear or rolling traffic, no alarms.
    """
    return {"EndpointArn": sagemaker.endpoints.update(request).arn}


@operation("UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(sagemaker: SageMaker, request: Request) -> Response:
    """Weights at once, then instances are started or drained. No ServerlessUpdateConfig."""
    wires = request["DesiredWeightsAndCapacities"]
    for wire in wires:
        if "ServerlessUpdateConfig" in wire:
            raise validation(f"Variant {wire['VariantName']}: ServerlessUpdateConfig is not emulated.")
        if sum(wire["VariantName"] == other["VariantName"] for other in wires) > 1:
            raise validation(f'The variant name "{wire["VariantName"]}" was non-unique within the request.')
    desired = {wire["VariantName"]: wire for wire in wires}
    return {"EndpointArn": sagemaker.endpoints.rescale(request["EndpointName"], desired).arn}


@operation("DeleteEndpoint")
def delete_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Its containers are stopped."""
    sagemaker.endpoints.delete(request["EndpointName"])
    return {}


def shown_endpoint(endpoint: Endpoint) -> Response:
    """What Describe says of the record alone."""
    config, capture = endpoint.revision.config, endpoint.revision.data_capture
    shown = {
        **_summary(endpoint),
        "EndpointConfigName": endpoint.config_name,
        "FailureReason": endpoint.failure_reason,
        "DataCaptureConfig": _data_capture(capture) if capture else None,
        "AsyncInferenceConfig": config.request.get("AsyncInferenceConfig"),
        "LastDeploymentConfig": endpoint.deployment_config or None,
    }
    return {name: value for name, value in shown.items() if value is not None}


def _summary(endpoint: Endpoint) -> Response:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }


def _variant(revision: Revision, target: VariantTarget, live: Variant | None) -> Response:
    return {
        "VariantName": target.name,
        "DeployedImages": _images(revision, target),
        "CurrentWeight": live.weight if live else target.weight,
        "DesiredWeight": target.weight,
        "CurrentInstanceCount": live.ready_count if live else 0,
        "DesiredInstanceCount": target.instance_count,
    }


def _pending(revision: Revision) -> Response:
    types = {variant.name: variant.instance_type for variant in revision.config.variants}
    variants = [
        {
            **_variant(revision, target, None),
            "CurrentWeight": 0.0,
            "VariantStatus": [{"Status": "Creating", "StartTime": revision.started}],
            **({"InstanceType": types[target.name]} if types[target.name] else {}),
        }
        for target in revision.targets
    ]
    return {
        "EndpointConfigName": revision.config.name,
        "ProductionVariants": variants,
        "StartTime": revision.started,
    }


def _images(revision: Revision, target: VariantTarget) -> list[Response]:
    definition = next(variant for variant in revision.config.variants if variant.name == target.name)
    image = revision.model(definition.model_name).container["Image"]
    return [{"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": revision.started}]


def _data_capture(capture: DataCapture) -> Response:
    return {
        "EnableCapture": capture.enabled,
        "CaptureStatus": "Started" if capture.enabled else "Stopped",
        "CurrentSamplingPercentage": capture.sampling_percentage,
        "DestinationS3Uri": capture.destination_uri,
        "KmsKeyId": "",
    }
