"""AWS::SageMaker::ModelPackageGroup, which may outlive the stack that created it."""

from typing import Any, ClassVar

from botocore.client import BaseClient
from botocore.exceptions import ClientError
from localstack.services.cloudformation.resource_provider import ProgressEvent, ResourceRequest

from localstack_plugin.cloudformation.sagemaker.resources import Model, SageMakerProvider, schema


def arn_of_equal_group(sagemaker: BaseClient, model: Model) -> str | None:
    """Return the ARN of an existing group with the same name and tags, or None. A group without tags is nobody's."""
    name = model["ModelPackageGroupName"]
    try:
        arn: str = sagemaker.describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupArn"]
    except ClientError:
        return None
    tags = model.get("Tags", [])
    return arn if tags and tags == sagemaker.list_tags(ResourceArn=arn)["Tags"] else None


class ModelPackageGroupProvider(SageMakerProvider):
    KIND = "ModelPackageGroup"
    TYPE = "AWS::SageMaker::ModelPackageGroup"
    SCHEMA: ClassVar[dict[str, Any]] = schema(
        "ModelPackageGroup",
        replaced_by={"ModelPackageGroupDescription", "ModelPackageGroupName"},
        updated=set(),
        read_only=set(),
    )

    def create(self, request: ResourceRequest[Model]) -> ProgressEvent[Model]:
        """Create the group, or take over an equal one.

        LocalStack forgets its stacks when it stops, but SageMaker keeps the groups that they created.
        """
        try:
            return super().create(request)
        except ClientError:
            model, sagemaker = request.desired_state, request.aws_client_factory.sagemaker
            arn = arn_of_equal_group(sagemaker, model) if "ModelPackageGroupName" in model else None
            if arn is None:
                raise
            return self.success(sagemaker, {**model, "ModelPackageGroupArn": arn})
