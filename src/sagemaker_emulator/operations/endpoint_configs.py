"""CreateEndpointConfig, DescribeEndpointConfig, ListEndpointConfigs, DeleteEndpointConfig."""

from __future__ import annotations

from sagemaker_emulator.hosting import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateEndpointConfig", waits=True)
def create_endpoint_config(sagemaker: SageMaker, request: Request) -> Response:
    """Support variants with weights and several instances, a shadow variant, data capture and asynchronous inference,
    or one serverless variant. The shadow gets its share of InvokeEndpoint's requests, by its weight relative to the
    production variant's; its answers are captured and counted under its name, and returned to nobody. Refuse what AWS
    refuses for serverless endpoints: data capture, network isolation, several variants.
    """
    return {"EndpointConfigArn": sagemaker.endpoint_configs.create(request, tags_of(request)).arn}


@operation("DescribeEndpointConfig")
def describe_endpoint_config(sagemaker: SageMaker, request: Request) -> Response:
    return descriptions.describe_endpoint_config(sagemaker.endpoint_configs.get(request["EndpointConfigName"]))


@operation("ListEndpointConfigs")
def list_endpoint_configs(sagemaker: SageMaker, request: Request) -> Response:
    page = sagemaker.endpoint_configs.page(request)
    summaries = [descriptions.summarize_endpoint_config(config) for config in page.resources]
    return listed("EndpointConfigs", summaries, page.next_token)


@operation("DeleteEndpointConfig")
def delete_endpoint_config(sagemaker: SageMaker, request: Request) -> Response:
    sagemaker.endpoint_configs.delete(request["EndpointConfigName"])
    return {}
