"""Create, Describe, List, Update and DeleteEndpoint, UpdateEndpointWeightsAndCapacities."""

from __future__ import annotations

from sagemaker_emulator.hosting import descriptions
from sagemaker_emulator.hosting.requests import CreateEndpointRequest, RescaleEndpointRequest, UpdateEndpointRequest
from sagemaker_emulator.operations.registry import Request, Response, listed, operation
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateEndpoint")
def create_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """The endpoint is InService once every instance answers /ping. Otherwise it is Failed, and FailureReason
    quotes the end of the log. A crashed instance restarts, with growing pauses if it keeps crashing. A serverless
    variant is tried once with one instance, then waits for requests with none.
    """
    return {"EndpointArn": sagemaker.endpoints.create(CreateEndpointRequest.parse(request)).arn}


@operation("DescribeEndpoint")
def describe_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Show current and desired weights and instance counts, and PendingDeploymentSummary during a creation or an
    update. ResolvedImage is the image of the request, because the emulator does not resolve digests.
    """
    endpoint = sagemaker.endpoints.get(request["EndpointName"])
    endpoints = sagemaker.endpoints
    return descriptions.describe_endpoint(
        endpoint, endpoints.live(endpoint.name), endpoints.update_under_way(endpoint.name)
    )


@operation("ListEndpoints")
def list_endpoints(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by name, status and time; sort and page."""
    page = sagemaker.endpoints.page(request)
    summaries = [descriptions.summarize_endpoint(endpoint) for endpoint in page.resources]
    return listed("Endpoints", summaries, page.next_token)


@operation("UpdateEndpoint", waits=True)
def update_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Start the new deployment, then move the traffic as DeploymentConfig says: all at once, canary, linear or rolling.
    Roll back if it does not start, takes too long, or an alarm of AutoRollbackConfiguration trips. Retain variant
    properties on request.
    """
    return {"EndpointArn": sagemaker.endpoints.update(UpdateEndpointRequest.parse(request)).arn}


@operation("UpdateEndpointWeightsAndCapacities")
def update_endpoint_weights_and_capacities(sagemaker: SageMaker, request: Request) -> Response:
    """Change the weights at once, then start or drain instances. Of a serverless variant, change MaxConcurrency and
    ProvisionedConcurrency.
    """
    return {"EndpointArn": sagemaker.endpoints.rescale(RescaleEndpointRequest.parse(request)).arn}


@operation("DeleteEndpoint")
def delete_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Stop the endpoint's containers."""
    sagemaker.endpoints.delete(request["EndpointName"])
    return {}
