"""AWS::SageMaker::ModelPackageGroup, created by SageMaker's own operations."""

from typing import Any, ClassVar

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceRequest,
)

from localstack_plugin.cloudformation.sagemaker.resources import update_tags

Group = dict[str, Any]
CREATE_ONLY = ("ModelPackageGroupName", "ModelPackageGroupDescription")


def arn_of_equal_group(sagemaker: BaseClient, model: Group) -> str | None:
    """Return the ARN of an existing group with the same name and tags, or None. A group without tags is nobody's."""
    name = model["ModelPackageGroupName"]
    try:
        arn: str = sagemaker.describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
    except ClientError:
        return None
    tags = model.get("Tags", [])
    return arn if tags and tags == sagemaker.list_tags(ResourceArn=arn)["Tags"] else None


class ModelPackageGroupProvider(ResourceProvider[Group]):
    TYPE = "AWS::SageMaker::ModelPackageGroup"
    SCHEMA: ClassVar[dict[str, Any]] = {
        "typeName": TYPE,
        # Ref is the ARN
        "primaryIdentifier": ["/properties/ModelPackageGroupArn"],
        "createOnlyProperties": [f"/properties/{name}" for name in CREATE_ONLY],
        "readOnlyProperties": ["/properties/ModelPackageGroupArn"],
        "properties": {
            **{name: {"type": "string"} for name in (*CREATE_ONLY, "ModelPackageGroupArn")},
            "Tags": {"type": "array"},
        },
    }

    def create(self, request: ResourceRequest[Group]) -> ProgressEvent[Group]:
        """Create the group, or take over an equal one.

        LocalStack forgets its stacks when it stops, but SageMaker keeps the groups that they created.
        """
        model, sagemaker = request.desired_state, request.aws_client_factory.sagemaker
        try:
            arn = sagemaker.create_model_package_group(**model)["ModelPackageGroupArn"]
        except ClientError:
            arn = arn_of_equal_group(sagemaker, model)
            if arn is None:
                raise
        model["ModelPackageGroupArn"] = arn
        return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)

    def update(self, request: ResourceRequest[Group]) -> ProgressEvent[Group]:
        """Update the tags. Another name or description is a replacement, which the engine performs."""
        assert request.previous_state is not None
        arn, tags = request.previous_state["ModelPackageGroupArn"], request.desired_state.get("Tags", [])
        update_tags(request.aws_client_factory.sagemaker, arn, request.previous_state.get("Tags", []), tags)
        return ProgressEvent(
            OperationStatus.SUCCESS, resource_model=request.desired_state | {"ModelPackageGroupArn": arn}
        )

    def delete(self, request: ResourceRequest[Group]) -> ProgressEvent[Group]:
        name = request.desired_state["ModelPackageGroupName"]
        request.aws_client_factory.sagemaker.delete_model_package_group(ModelPackageGroupName=name)
        return ProgressEvent(OperationStatus.SUCCESS, resource_model={})
