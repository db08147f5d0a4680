"""AWS::SageMaker::Model, EndpointConfig and ModelPackage, made by SageMaker's own operations.

Ref is the ARN (docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_SageMaker.html). A change of what
SageMaker cannot update is a replacement, which the engine makes.
"""

import secrets
import string
from typing import Any, ClassVar

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

from localstack_plugin.cloudformation.sagemaker.properties import arguments
from localstack_plugin.cloudformation.templates.attributes import ATTRIBUTES

Model = dict[str, Any]
RANDOM = string.ascii_letters + string.digits
NAME_LENGTH, RANDOM_LENGTH = 63, 12
NOT_FOUND = "ResourceNotFound"


def schema(
    kind: str,
    replaced_by: set[str],
    updated: set[str],
    read_only: set[str],
    noun: str | None = None,
    attributes: set[str] | None = None,
) -> dict[str, Any]:
    """Return what the engine reads of a resource type: `replaced_by` are the properties whose change replaces it.

    `noun` begins the names of the properties with its name and its ARN, if that is not `kind`. `attributes` are the
    only properties that Fn::GetAtt returns; None does not restrict it.
    """
    arn = f"{noun or kind}Arn"
    restricted = {} if attributes is None else {ATTRIBUTES: sorted(attributes)}
    return {
        "typeName": f"AWS::SageMaker::{kind}",
        "primaryIdentifier": [f"/properties/{arn}"],
        "createOnlyProperties": [f"/properties/{name}" for name in sorted(replaced_by)],
        "readOnlyProperties": [f"/properties/{name}" for name in sorted(read_only | {arn})],
        "properties": {name: {} for name in sorted(replaced_by | updated | read_only | {arn, "Tags"})},
        **restricted,
    }


def generated_name(logical_resource_id: str) -> str:
    """Return a name as CloudFormation makes it, `Model-x7Kp2mQ9aLbC`. SageMaker's names have up to 63 characters."""
    return f"{logical_resource_id[: NAME_LENGTH - RANDOM_LENGTH - 1]}-{random_suffix()}"


def random_suffix() -> str:
    return "".join(secrets.choice(RANDOM) for _ in range(RANDOM_LENGTH))


def is_missing(error: ClientError) -> bool:
    """Return whether SageMaker says that the resource does not exist. Most kinds have no error code for that."""
    code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
    return code == NOT_FOUND or "Could not find" in message or "does not exist" in message


def update_tags(sagemaker: BaseClient, arn: str, before: list[dict[str, str]], after: list[dict[str, str]]) -> None:
    removed = {tag["Key"] for tag in before} - {tag["Key"] for tag in after}
    if removed:
        sagemaker.delete_tags(ResourceArn=arn, TagKeys=sorted(removed))
    if after:
        sagemaker.add_tags(ResourceArn=arn, Tags=after)


class SageMakerProvider(ResourceProvider[Model]):
    """A resource that its Create operation makes at once."""

    KIND: ClassVar[str]
    NOUN: ClassVar[str] = ""
    """The noun in the properties for its name and its ARN, if that is not KIND."""
    SCHEMA: ClassVar[dict[str, Any]]

    @property
    def name_key(self) -> str:
        return f"{self.NOUN or self.KIND}Name"

    @property
    def arn_key(self) -> str:
        return f"{self.NOUN or self.KIND}Arn"

    def create(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        model, sagemaker = dict(request.desired_state), request.aws_client_factory.sagemaker
        self.name(request, model)
        answer = self.call(sagemaker, "Create", model)
        return self.success(sagemaker, model | {self.arn_key: answer[self.arn_key]})

    def update(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        """Update the tags, and what the type can update besides. The identifiers stay."""
        assert request.previous_state is not None
        before, sagemaker = request.previous_state, request.aws_client_factory.sagemaker
        model = {**request.desired_state, **self.identifiers(before)}
        update_tags(sagemaker, model[self.arn_key], before.get("Tags", []), model.get("Tags", []))
        return self.success(sagemaker, model)

    def delete(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        try:
            self.call(request.aws_client_factory.sagemaker, "Delete", request.desired_state)
        except ClientError as error:
            if not is_missing(error):
                raise
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})

    def name(self, request: ResourceRequest[Model], model: Model) -> None:
        model.setdefault(self.name_key, generated_name(request.logical_resource_id))

    def identifiers(self, model: Model) -> Model:
        return {key: model[key] for key in (self.name_key, self.arn_key) if key in model}

    def success(self, sagemaker: BaseClient, model: Model) -> ProgressEvent[Model]:
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def call(self, sagemaker: BaseClient, verb: str, model: Model) -> dict[str, Any]:
        """Call `verb`'s operation of this kind with those properties that it has."""
        operation = f"{verb}{self.KIND}"
        names = {value: key for key, value in sagemaker.meta.method_to_api_mapping.items()}
        answer: dict[str, Any] = getattr(sagemaker, names[operation])(**arguments(sagemaker, operation, model))
        return answer


def provider(kind: str, replaced_by: set[str]) -> type[SageMakerProvider]:
    """Return the provider of a kind of which only the tags can be updated."""
    members = {
        "KIND": kind,
        "TYPE": f"AWS::SageMaker::{kind}",
        "SCHEMA": schema(kind, replaced_by=replaced_by, updated=set(), read_only=set()),
    }
    return type(f"{kind}Provider", (SageMakerProvider,), members)


ModelProvider = provider(
    "Model",
    {
        "Containers",
        "EnableNetworkIsolation",
        "ExecutionRoleArn",
        "InferenceExecutionConfig",
        "ModelName",
        "PrimaryContainer",
        "VpcConfig",
    },
)
EndpointConfigProvider = provider(
    "EndpointConfig",
    {
        "AsyncInferenceConfig",
        "DataCaptureConfig",
        "EnableNetworkIsolation",
        "EndpointConfigName",
        "ExecutionRoleArn",
        "ExplainerConfig",
        "KmsKeyId",
        "ProductionVariants",
        "ShadowProductionVariants",
        "VpcConfig",
    },
)


class ModelPackageProvider(SageMakerProvider):
    """A version of a group, or a package with a name. Approval and metadata are updated in place."""

    KIND = "ModelPackage"
    TYPE = "AWS::SageMaker::ModelPackage"
    UPDATED: ClassVar[set[str]] = {
        "ApprovalDescription",
        "CustomerMetadataProperties",
        "ModelApprovalStatus",
    }
    SCHEMA: ClassVar[dict[str, Any]] = schema(
        "ModelPackage",
        replaced_by={
            "AdditionalInferenceSpecifications",
            "CertifyForMarketplace",
            "Domain",
            "DriftCheckBaselines",
            "InferenceSpecification",
            "MetadataProperties",
            "ModelMetrics",
            "ModelPackageDescription",
            "ModelPackageGroupName",
            "ModelPackageName",
            "SamplePayloadUrl",
            "SkipModelValidation",
            "SourceAlgorithmSpecification",
            "SourceUri",
            "Task",
            "ValidationSpecification",
        },
        updated=UPDATED,
        read_only={"CreationTime", "ModelPackageStatus", "ModelPackageVersion"},
    )

    def name(self, request: ResourceRequest[Model], model: Model) -> None:
        if "ModelPackageGroupName" not in model:
            super().name(request, model)

    def update(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        event = super().update(request)
        changed = {key: event.resource_model[key] for key in self.UPDATED if key in event.resource_model}
        arn = event.resource_model["ModelPackageArn"]
        self.call(request.aws_client_factory.sagemaker, "Update", {**changed, "ModelPackageArn": arn})
        return event

    def delete(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        """Delete by the ARN, which a version has in the place of a name."""
        request.desired_state = {"ModelPackageName": request.desired_state["ModelPackageArn"]}
        return super().delete(request)

    def success(self, sagemaker: BaseClient, model: Model) -> ProgressEvent[Model]:
        described = sagemaker.describe_model_package(ModelPackageName=model["ModelPackageArn"])
        known = {key: described[key] for key in ("ModelPackageStatus", "ModelPackageVersion") if key in described}
        created = {"CreationTime": described["CreationTime"].isoformat()}
        return super().success(sagemaker, {**model, **known, **created})
