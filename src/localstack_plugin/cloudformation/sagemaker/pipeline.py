"""AWS::SageMaker::Pipeline, whose definition is in the template or in S3. Ref is its name."""

from typing import Any, ClassVar

from botocore.client import BaseClient
from localstack.services.cloudformation.resource_provider import ProgressEvent, ResourceRequest

from localstack_plugin.cloudformation.sagemaker.resources import Model, SageMakerProvider, schema

IN_S3 = {"Bucket": "Bucket", "Key": "ObjectKey", "Version": "VersionId"}
"""The members of PipelineDefinitionS3Location in a template, and their names in the API, which has no ETag."""


class PipelineProvider(SageMakerProvider):
    KIND = "Pipeline"
    TYPE = "AWS::SageMaker::Pipeline"
    SCHEMA: ClassVar[dict[str, Any]] = {
        **schema(
            "Pipeline",
            replaced_by={"PipelineName"},
            updated={
                "ParallelismConfiguration",
                "PipelineDefinition",
                "PipelineDescription",
                "PipelineDisplayName",
                "RoleArn",
            },
            read_only=set(),
            attributes=set(),
        ),
        "primaryIdentifier": ["/properties/PipelineName"],
    }

    def name(self, request: ResourceRequest[Model], model: Model) -> None:
        """Generate none: the name is required."""

    def update(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        """Update the pipeline, which makes a new version of it, and its tags."""
        event = super().update(request)
        self.call(request.aws_client_factory.sagemaker, "Update", event.resource_model)
        return event

    def call(self, sagemaker: BaseClient, verb: str, model: Model) -> dict[str, Any]:
        others = {key: value for key, value in model.items() if key != "PipelineDefinition"}
        return super().call(sagemaker, verb, {**others, **definition_of(model)})


def definition_of(model: Model) -> Model:
    """Return the definition as CreatePipeline and UpdatePipeline take it: a text, or a location in S3."""
    definition = model.get("PipelineDefinition", {})
    if "PipelineDefinitionS3Location" not in definition:
        return {"PipelineDefinition": definition.get("PipelineDefinitionBody")}
    location = definition["PipelineDefinitionS3Location"]
    return {"PipelineDefinitionS3Location": {IN_S3[key]: value for key, value in location.items() if key in IN_S3}}
