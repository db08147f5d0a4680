"""CreateEndpoint, DescribeEndpoint, ListEndpoints, UpdateEndpoint, DeleteEndpoint."""

from __future__ import annotations

from sagemaker_emulator.deployments import Variant
from sagemaker_emulator.errors import validation
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.resources.endpoint_config import DataCapture
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateEndpoint")
def create_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """InService when every instance answers /ping; Failed with the end of the log otherwise. A crashed instance is
    started again.
    """
    return {"EndpointArn": sagemaker.endpoints.create(request, tags_of(request)).arn}


@operation("DescribeEndpoint")
def describe_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    endpoint = sagemaker.endpoints.get(request["EndpointName"])
    shown = {**_summary(endpoint), "EndpointConfigName": endpoint.config_name}
    if endpoint.failure_reason:
        shown["FailureReason"] = endpoint.failure_reason
    if deployment := sagemaker.endpoints.live(endpoint.name):
        shown["ProductionVariants"] = [_variant(variant) for variant in deployment.variants.values()]
        if deployment.data_capture:
            shown["DataCaptureConfig"] = _data_capture(deployment.data_capture)
    return shown


@operation("ListEndpoints")
def list_endpoints(sagemaker: SageMaker, request: Request) -> Response:
    found = sagemaker.endpoints.page(request)
    return listed("Endpoints", [_summary(endpoint) for endpoint in found.resources], found.next_token)


@operation("UpdateEndpoint")
def update_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """The new deployment first, then the swap; rolled back when it does not start. No DeploymentConfig."""
    for name in ("RetainAllVariantProperties", "DeploymentConfig"):
        if request.get(name):
            raise validation(f"UpdateEndpoint with {name} is not emulated: the update is always all at once.")
    return {"EndpointArn": sagemaker.endpoints.update(request["EndpointName"], request["EndpointConfigName"]).arn}


@operation("DeleteEndpoint")
def delete_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Its containers are stopped."""
    sagemaker.endpoints.delete(request["EndpointName"])
    return {}


def _summary(endpoint: Endpoint) -> Response:
    return {
        "EndpointName": endpoint.name,
        "EndpointArn": endpoint.arn,
        "CreationTime": endpoint.created,
        "LastModifiedTime": endpoint.modified,
        "EndpointStatus": endpoint.status,
    }


def _variant(variant: Variant) -> Response:
    count = len(variant.instances)
    return {
        "VariantName": variant.name,
        "CurrentWeight": variant.weight,
        "DesiredWeight": variant.weight,
        "CurrentInstanceCount": sum(instance.is_ready for instance in variant.instances),
        "DesiredInstanceCount": count,
    }


def _data_capture(capture: DataCapture) -> Response:
    return {
        "EnableCapture": capture.enabled,
        "CaptureStatus": "Started" if capture.enabled else "Stopped",
        "CurrentSamplingPercentage": capture.sampling_percentage,
        "DestinationS3Uri": capture.destination_uri,
        "KmsKeyId": "",
    }
