"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, described, listed, operation, tags_of
from sagemaker_emulator.resources.endpoint_config import EndpointConfig
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateEndpointConfig")
def create_endpoint_config(sagemaker: SageMaker, request: Request) -> Response:
    """Production variants by weight, several instances each; data capture. No serverless variants."""
    return {"EndpointConfigArn": sagemaker.endpoint_configs.create(request, tags_of(request)).arn}


@operation("DescribeEndpointConfig")
def describe_endpoint_config(sagemaker: SageMaker, request: Request) -> Response:
    config = sagemaker.endpoint_configs.get(request["EndpointConfigName"])
    computed = {"EndpointConfigArn": config.arn, "CreationTime": config.created}
    return described("DescribeEndpointConfig", config.request, computed)


@operation("ListEndpointConfigs")
def list_endpoint_configs(sagemaker: SageMaker, request: Request) -> Response:
    found = sagemaker.endpoint_configs.page(request)
    return listed("EndpointConfigs", [_summary(config) for config in found.resources], found.next_token)


@operation("DeleteEndpointConfig")
def delete_endpoint_config(sagemaker: SageMaker, request: Request) -> Response:
    sagemaker.endpoint_configs.delete(request["EndpointConfigName"])
    return {}


def _summary(config: EndpointConfig) -> Response:
    return {
        "EndpointConfigName": config.name,
        "EndpointConfigArn": config.arn,
        "CreationTime": config.created,
    }
