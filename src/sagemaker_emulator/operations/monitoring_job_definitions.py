"""Create, Describe, List and Delete of the job definitions of all four monitoring types."""

from __future__ import annotations

from sagemaker_emulator.monitoring.descriptions import describe_job_definition, summarize_job_definition
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.resources.monitoring.job_definition import MonitoringType
from sagemaker_emulator.sagemaker import SageMaker

T = MonitoringType
CREATE_NOTES = {
    T.DATA_QUALITY: "Refuse a missing role and an image of another region. AWS's prebuilt image is the kit's analyzer "
    "for images, CSV and JSON; other images are your own analyzers, under AWS's container contract.",
    T.MODEL_QUALITY: "As CreateDataQualityJobDefinition. A processing job of its own, `groundtruth-merge-…`, merges "
    "captured data with ground truth.",
    T.MODEL_BIAS: "Store the definition. Its executions are Failed with a reason that names bias monitoring.",
    T.MODEL_EXPLAINABILITY: "Store the definition. Its executions are Failed with a reason that names explainability.",
}


def _define(type_: MonitoringType) -> None:
    """Register the four operations of one type."""

    def create(sagemaker: SageMaker, request: Request) -> Response:
        definition = sagemaker.monitoring.definitions[type_].create(request, tags_of(request))
        return {"JobDefinitionArn": definition.arn}

    def describe(sagemaker: SageMaker, request: Request) -> Response:
        return describe_job_definition(sagemaker.monitoring.definitions[type_].get(request["JobDefinitionName"]))

    def list_(sagemaker: SageMaker, request: Request) -> Response:
        """Filter by endpoint, name and time; sort and page."""
        page = sagemaker.monitoring.definitions[type_].page(request)
        summaries = [summarize_job_definition(definition) for definition in page.resources]
        return listed("JobDefinitionSummaries", summaries, page.next_token)

    def delete(sagemaker: SageMaker, request: Request) -> Response:
        sagemaker.monitoring.definitions[type_].delete(request["JobDefinitionName"])
        return {}

    create.__doc__ = CREATE_NOTES[type_]
    operation(f"Create{type_}JobDefinition", waits=True)(create)
    operation(f"Describe{type_}JobDefinition")(describe)
    operation(f"List{type_}JobDefinitions")(list_)
    operation(f"Delete{type_}JobDefinition")(delete)


for monitoring_type in MonitoringType:
    _define(monitoring_type)
