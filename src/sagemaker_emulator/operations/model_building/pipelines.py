"""Pipelines and their versions."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.pipelines import descriptions
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreatePipeline", waits=True)
def create_pipeline(sagemaker: SageMaker, request: Request) -> Response:
    """Support steps of the types Training, Processing, Transform, Tuning, Model, RegisterModel, QualityCheck, Lambda,
    Callback, Condition and Fail. The definition is checked as a whole, and an error names the step and the member.
    Other types, such as EMR, ClarifyCheck and AutoML, are refused by name.
    """
    return {"PipelineArn": sagemaker.pipelines.create(request, tags_of(request)).arn}


@operation("UpdatePipeline", waits=True)
def update_pipeline(sagemaker: SageMaker, request: Request) -> Response:
    """Make a new version for a new definition. Executions under way keep theirs."""
    pipeline = sagemaker.pipelines.update(request)
    return {"PipelineArn": pipeline.arn, "PipelineVersionId": pipeline.last_version}


@operation("DescribePipeline")
def describe_pipeline(sagemaker: SageMaker, request: Request) -> Response:
    """Accept a name or an ARN, and a version or an alias."""
    pipeline = sagemaker.pipelines.get(request["PipelineName"])
    version = sagemaker.pipelines.version(
        pipeline, request.get("PipelineVersionId"), request.get("PipelineVersionAlias")
    )
    return descriptions.describe_pipeline(pipeline, version)


@operation("ListPipelines")
def list_pipelines(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by the beginning of the name and by time; sort and page."""
    page = sagemaker.pipelines.page(request)
    summaries = [descriptions.summarize_pipeline(pipeline) for pipeline in page.resources]
    return listed("PipelineSummaries", summaries, page.next_token)


@operation("DeletePipeline")
def delete_pipeline(sagemaker: SageMaker, request: Request) -> Response:
    """Delete the pipeline with its versions and executions. Refused while an execution is under way."""
    arn = sagemaker.pipelines.get(request["PipelineName"]).arn
    sagemaker.pipelines.delete(request["PipelineName"])
    return {"PipelineArn": arn}


@operation("ListPipelineVersions")
def list_pipeline_versions(sagemaker: SageMaker, request: Request) -> Response:
    pipeline = sagemaker.pipelines.get(request["PipelineName"])
    page = sagemaker.pipelines.versions_page(pipeline, request)
    summaries = [descriptions.summarize_version(pipeline, version) for version in page.resources]
    return listed("PipelineVersionSummaries", summaries, page.next_token)


@operation("UpdatePipelineVersion")
def update_pipeline_version(sagemaker: SageMaker, request: Request) -> Response:
    """Change the display name, the description and the aliases. An alias belongs to one version at a time."""
    version = sagemaker.pipelines.update_version(request)
    return {"PipelineArn": sagemaker.pipelines.get(request["PipelineArn"]).arn, "PipelineVersionId": version.number}
