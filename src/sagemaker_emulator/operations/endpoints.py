"""Create, Describe, List, Update and DeleteEndpoint, UpdateEndpointWeightsAndCapacities."""

from __future__ import annotations

from sagemaker_emulator.errors import validation
from sagemaker_emulator.hosting import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateEndpoint")
def create_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """The endpoint is InService once every instance answers /ping. Otherwise it is Failed, and the reason has the end
    of the log. A crashed instance restarts, with growing pauses if it keeps crashing.
    """
    return {"EndpointArn": sagemaker.endpoints.create(request, tags_of(request)).arn}


@operation("DescribeEndpoint")
def describe_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Show current and desired weights and instance counts, and PendingDeploymentSummary during a creation or an
    update. ResolvedImage is the image of the request, because the emulator does not resolve digests.
    """
    endpoint = sagemaker.endpoints.get(request["EndpointName"])
    return descriptions.describe_endpoint(endpoint, sagemaker.endpoints.live(endpoint.name))


@operation("ListEndpoints")
def list_endpoints(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by name, status and time; sort and page."""
    page = sagemaker.endpoints.page(request)
    summaries = [descriptions.summarize_endpoint(endpoint) for endpoint in page.resources]
    return listed("Endpoints", summaries, page.next_token)


@operation("UpdateEndpoint")
def update_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Start the new deployment, then switch the traffic; roll back if it does not start. Retain variant properties
    on request. DeploymentConfig may only ask for blue/green all at once; canary, linear and rolling traffic and alarms
    are refused.
    """
    return {"EndpointArn": sagemaker.endpoints.update(request).arn}


@operation("UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(sagemaker: SageMaker, request: Request) -> Response:
    """Change the weights at once, then start or drain instances. Refuse ServerlessUpdateConfig."""
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
    """Stop the endpoint's containers."""
    sagemaker.endpoints.delete(request["EndpointName"])
    return {}
