"""AWS::S3::Bucket, with the properties and the update that LocalStack leaves out."""

from collections.abc import Callable
from typing import TypeAlias

from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest
from localstack.services.s3.resource_providers.aws_s3_bucket import S3BucketProvider

from localstack_plugin.cloudformation.bucket_properties import Bucket, configure, refuse_unsupported
from localstack_plugin.replacing import replace, wrap

Request: TypeAlias = ResourceRequest[Bucket]
Event: TypeAlias = ProgressEvent[Bucket]
Create = Callable[[S3BucketProvider, Request], Event]


def install() -> None:
    wrap(
        "localstack.services.s3.resource_providers.aws_s3_bucket:S3BucketProvider.create",
        wrapper=configuring,
        why="LocalStack silently ignores encryption, lifecycle, ownership and public access of a bucket. They are "
        "set; a property that nothing would act on is refused.",
    )
    replace(
        "localstack.services.s3.resource_providers.aws_s3_bucket:S3BucketProvider.update",
        by=update,
        why="LocalStack cannot update a bucket. All properties that it can create one with are updated.",
    )
    replace(
        "localstack.services.s3.resource_providers.aws_s3_bucket:S3BucketProvider.delete",
        by=delete,
        why="LocalStack deletes a bucket with all that is in it. The deletion of a bucket that is not empty fails.",
    )


def delete(provider: S3BucketProvider, request: Request) -> Event:
    request.aws_client_factory.s3.delete_bucket(Bucket=request.desired_state["BucketName"])
    return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


def configuring(original: Create) -> Create:
    def create(provider: S3BucketProvider, request: Request) -> Event:
        refuse_unsupported(request.desired_state)
        event = original(provider, request)
        configure(request.aws_client_factory.s3, event.resource_model)
        return event

    return create


def update(provider: S3BucketProvider, request: Request) -> Event:
    """Update notifications, tags and versioning as LocalStack's provider sets them, and then the other properties."""
    model, s3 = request.desired_state, request.aws_client_factory.s3
    refuse_unsupported(model)
    provider._setup_post_creation_attributes(model, request.region_name)
    s3.put_bucket_notification_configuration(
        **(
            provider._get_s3_bucket_notification_config(model)
            or {"Bucket": model["BucketName"], "NotificationConfiguration": {}}
        )
    )
    s3.put_bucket_tagging(Bucket=model["BucketName"], Tagging={"TagSet": model.get("Tags", [])})
    if "VersioningConfiguration" in model:
        s3.put_bucket_versioning(Bucket=model["BucketName"], VersioningConfiguration=model["VersioningConfiguration"])
    configure(s3, model)
    return ProgressEvent(OperationStatus.SUCCESS, resource_model=model)
