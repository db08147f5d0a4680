"""CreateModel, DescribeModel, ListModels, DeleteModel."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, described, listed, operation, tags_of
from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateModel")
def create_model(sagemaker: SageMaker, request: Request) -> Response:
    """One container: its image and model.tar.gz."""
    return {"ModelArn": sagemaker.models.create(request, tags_of(request)).arn}


@operation("DescribeModel")
def describe_model(sagemaker: SageMaker, request: Request) -> Response:
    model = sagemaker.models.get(request["ModelName"])
    return described("DescribeModel", model.request, {"ModelArn": model.arn, "CreationTime": model.created})


@operation("ListModels")
def list_models(sagemaker: SageMaker, request: Request) -> Response:
    found = sagemaker.models.page(request)
    return listed("Models", [_summary(model) for model in found.resources], found.next_token)


@operation("DeleteModel")
def delete_model(sagemaker: SageMaker, request: Request) -> Response:
    sagemaker.models.delete(request["ModelName"])
    return {}


def _summary(model: Model) -> Response:
    return {"ModelName": model.name, "ModelArn": model.arn, "CreationTime": model.created}
