"""Artifacts of lineage."""

from __future__ import annotations

from sagemaker_emulator.lineage import descriptions
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateArtifact")
def create_artifact(sagemaker: SageMaker, request: Request) -> Response:
    """Refuse a second artifact of the same source. The images, data and models of jobs, model packages and endpoints
    have artifacts by themselves, with their associations.
    """
    return {"ArtifactArn": sagemaker.lineage.artifacts.create(request, tags_of(request)).arn}


@operation("DescribeArtifact")
def describe_artifact(sagemaker: SageMaker, request: Request) -> Response:
    return descriptions.describe_artifact(sagemaker.lineage.artifacts.get(request["ArtifactArn"]))


@operation("ListArtifacts")
def list_artifacts(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by source URI, type and time; sort and page."""
    page = sagemaker.lineage.artifacts.page(request)
    summaries = [descriptions.describe_artifact(artifact) for artifact in page.resources]
    return listed("ArtifactSummaries", summaries, page.next_token)


@operation("UpdateArtifact")
def update_artifact(sagemaker: SageMaker, request: Request) -> Response:
    return {"ArtifactArn": sagemaker.lineage.artifacts.update(request).arn}


@operation("DeleteArtifact")
def delete_artifact(sagemaker: SageMaker, request: Request) -> Response:
    """Name the ARN or the source. Refuse an artifact that has associations."""
    arn = sagemaker.lineage.artifacts.arn_of_request(request)
    return {"ArtifactArn": sagemaker.lineage.artifacts.remove(arn).arn}
