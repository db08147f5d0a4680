"""Create, Describe, List, Update and DeleteEndpoint, UpdateEndpointWeightsAndCapacities."""

from __future__ import annotations

from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
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
    return descriptions.describe_endpoint(endpoint, sagemaker.endpoints.live(endpoint.name))


@operation("ListEndpoints")
def list_endpoints(sagemaker: SageMaker, request: Request) -> Response:
    """Filters by name, status and times; sorted; paged."""
    page = sagemaker.endpoints.page(request)
    summaries = [descriptions.summarize_endpoint(endpoint) for endpoint in page.resources]
    return listed("Endpoints", summaries, page.next_token)


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
