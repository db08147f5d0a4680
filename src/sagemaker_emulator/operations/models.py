"""CreateModel, DescribeModel, ListModels, DeleteModel."""

from __future__ import annotations

from sagemaker_emulator.hosting import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateModel", waits=True)
def create_model(sagemaker: SageMaker, request: Request) -> Response:
    """Support one container, an inference pipeline of up to 15, and several for direct invocation. A container is an
    image with an existing model.tar.gz, or multi-model with a prefix of models. Refuse uncompressed model data.
    """
    return {"ModelArn": sagemaker.models.create(request, tags_of(request)).arn}


@operation("DescribeModel")
def describe_model(sagemaker: SageMaker, request: Request) -> Response:
    return descriptions.describe_model(sagemaker.models.get(request["ModelName"]))


@operation("ListModels")
def list_models(sagemaker: SageMaker, request: Request) -> Response:
    page = sagemaker.models.page(request)
    return listed("Models", [descriptions.summarize_model(model) for model in page.resources], page.next_token)


@operation("DeleteModel")
def delete_model(sagemaker: SageMaker, request: Request) -> Response:
    sagemaker.models.delete(request["ModelName"])
    return {}
