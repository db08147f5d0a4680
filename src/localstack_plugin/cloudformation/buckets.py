"""AWS::S3::Bucket: LocalStack's own leaves out, without a word, encryption, lifecycle, ownership and public access."""

from typing import Any

from botocore.client import BaseClient
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent, ResourceRequest
from localstack.services.s3.resource_providers.aws_s3_bucket import S3BucketProvider

from localstack_plugin.replacing import replace

Bucket = dict[str, Any]
OWN = {
    "BucketEncryption",
    "LifecycleConfiguration",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
}
THEIRS = {
    "AccessControl",
    "BucketName",
    "CorsConfiguration",
    "NotificationConfiguration",
    "ObjectLockConfiguration",
    "ObjectLockEnabled",
    "Tags",
    "VersioningConfiguration",
    "WebsiteConfiguration",
}
READ_ONLY = {"Arn", "DomainName", "DualStackDomainName", "RegionalDomainName", "WebsiteURL"}
RULE = {
    "Id",
    "Status",
    "Prefix",
    "ExpirationInDays",
    "AbortIncompleteMultipartUpload",
}


class UnsupportedProperty(ValueError):
    """A property that nothing here would act on."""


def install() -> None:
    replace(S3BucketProvider, "create", _creating(S3BucketProvider.create))
    replace(S3BucketProvider, "update", update)


def _creating(original: Any) -> Any:
    def create(provider: S3BucketProvider, request: ResourceRequest[Bucket]) -> ProgressEvent[Bucket]:
        refuse_unsupported(request.desired_state)
        event = original(provider, request)
        configure(request.aws_client_factory.s3, event.resource_model)
        return event

    return create


def update(provider: S3BucketProvider, request: ResourceRequest[Bucket]) -> ProgressEvent[Bucket]:
    """Of what only LocalStack's provider knows, notifications, tags and versioning."""
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


def refuse_unsupported(model: Bucket) -> None:
    if unknown := sorted(model.keys() - OWN - THEIRS - READ_ONLY):
        raise UnsupportedProperty(f"AWS::S3::Bucket: {unknown[0]} is not supported by the local cloud")
    for rule in model.get("LifecycleConfiguration", {}).get("Rules", []):
        if unknown := sorted(rule.keys() - RULE):
            raise UnsupportedProperty(f"AWS::S3::Bucket: {unknown[0]} in a lifecycle rule is not supported")


def configure(s3: BaseClient, model: Bucket) -> None:
    """What stands in the template; what has left it goes back to what a new bucket has."""
    name = model["BucketName"]
    if encryption := model.get("BucketEncryption"):
        rules = [_encryption_rule(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]
        s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules})
    else:
        s3.delete_bucket_encryption(Bucket=name)
    if ownership := model.get("OwnershipControls"):
        s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=ownership)
    if access := model.get("PublicAccessBlockConfiguration"):
        blocks = {key: _boolean(value) for key, value in access.items()}
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=blocks)
    if lifecycle := model.get("LifecycleConfiguration"):
        rules = [lifecycle_rule(rule) for rule in lifecycle["Rules"]]
        s3.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": rules})
    else:
        s3.delete_bucket_lifecycle(Bucket=name)


def _boolean(value: object) -> bool:
    return str(value).lower() == "true"


def _encryption_rule(rule: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
    if "BucketKeyEnabled" in rule:
        made["BucketKeyEnabled"] = _boolean(rule["BucketKeyEnabled"])
    return made


def lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """CloudFormation's rule in the words of S3's API."""
    made: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        made["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "AbortIncompleteMultipartUpload" in rule:
        days = int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        made["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return made
