"""Create, Describe, List, Update and DeleteInferenceComponent, UpdateInferenceComponentRuntimeConfig."""

from __future__ import annotations

from sagemaker_emulator.hosting.components.descriptions import describe_component, summarize_component
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateInferenceComponent", waits=True)
def create_inference_component(sagemaker: SageMaker, request: Request) -> Response:
    """Add a component to an endpoint whose variants have no model. Each copy is a container; with the Docker engine,
    MaxMemoryRequiredInMb limits it. Copies are not placed: they need not fit into the endpoint's instances.
    """
    return {"InferenceComponentArn": sagemaker.inference_components.create(request, tags_of(request)).arn}


@operation("DescribeInferenceComponent")
def describe_inference_component(sagemaker: SageMaker, request: Request) -> Response:
    components = sagemaker.inference_components
    component = components.get(request["InferenceComponentName"])
    return describe_component(component, components.endpoint_arn(component), components.copies(component.name))


@operation("ListInferenceComponents")
def list_inference_components(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by endpoint, variant, name, status and time; sort and page."""
    components = sagemaker.inference_components
    page = components.page(request)
    summaries = [summarize_component(one, components.endpoint_arn(one)) for one in page.resources]
    return listed("InferenceComponents", summaries, page.next_token)


@operation("UpdateInferenceComponent", waits=True)
def update_inference_component(sagemaker: SageMaker, request: Request) -> Response:
    """Start the copies of the new specification, then stop the old ones. If the new ones do not start, keep the old.
    Refuse DeploymentConfig.
    """
    return {"InferenceComponentArn": sagemaker.inference_components.update(request).arn}


@operation("UpdateInferenceComponentRuntimeConfig")
def update_inference_component_runtime_config(sagemaker: SageMaker, request: Request) -> Response:
    """Start or drain copies."""
    components = sagemaker.inference_components
    return {
        "InferenceComponentArn": components.scale(
            request["InferenceComponentName"], request["DesiredRuntimeConfig"]
        ).arn
    }


@operation("DeleteInferenceComponent")
def delete_inference_component(sagemaker: SageMaker, request: Request) -> Response:
    """Stop the copies."""
    sagemaker.inference_components.remove(request["InferenceComponentName"])
    return {}
