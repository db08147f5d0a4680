"""AddTags, ListTags, DeleteTags."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("AddTags")
def add_tags(sagemaker: SageMaker, request: Request) -> Response:
    """Add tags to any emulated resource."""
    return {"Tags": _listed(sagemaker.tags.add(request["ResourceArn"], tags_of(request)))}


@operation("ListTags")
def list_tags(sagemaker: SageMaker, request: Request) -> Response:
    return {"Tags": _listed(sagemaker.tags.of(request["ResourceArn"]))}


@operation("DeleteTags")
def delete_tags(sagemaker: SageMaker, request: Request) -> Response:
    sagemaker.tags.remove(request["ResourceArn"], request["TagKeys"])
    return {}


def _listed(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]
