"""Properties of AWS::S3::Bucket, set through S3's API."""

from typing import Any

from botocore.client import BaseClient

Bucket = dict[str, Any]
CONFIGURED_HERE = {
    "BucketEncryption",
    "LifecycleConfiguration",
    "OwnershipControls",
    "PublicAccessBlockConfiguration",
}
CONFIGURED_BY_LOCALSTACK = {
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
LIFECYCLE_RULE = {
    "Id",
    "Status",
    "Prefix",
    "ExpirationInDays",
    "AbortIncompleteMultipartUpload",
}


class UnsupportedProperty(ValueError):
    """A property that neither LocalStack nor the plugin would act on."""


def refuse_unsupported(model: Bucket) -> None:
    if unknown := sorted(model.keys() - CONFIGURED_HERE - CONFIGURED_BY_LOCALSTACK - READ_ONLY):
        raise UnsupportedProperty(f"AWS::S3::Bucket: {unknown[0]} is not supported by the local cloud")
    for rule in model.get("LifecycleConfiguration", {}).get("Rules", []):
        if unknown := sorted(rule.keys() - LIFECYCLE_RULE):
            raise UnsupportedProperty(
                f"AWS::S3::Bucket: {unknown[0]} in a lifecycle rule is not supported by the local cloud"
            )


def configure(s3: BaseClient, model: Bucket) -> None:
    """Apply the template. Properties that it no longer has are reset to the values of a new bucket."""
    name = model["BucketName"]
    if encryption := model.get("BucketEncryption"):
        rules = [encryption_rule(rule) for rule in encryption["ServerSideEncryptionConfiguration"]]
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


def encryption_rule(rule: dict[str, Any]) -> dict[str, Any]:
    s3_rule: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": rule["ServerSideEncryptionByDefault"]}
    if "BucketKeyEnabled" in rule:
        s3_rule["BucketKeyEnabled"] = _boolean(rule["BucketKeyEnabled"])
    return s3_rule


def lifecycle_rule(rule: dict[str, Any]) -> dict[str, Any]:
    """Return CloudFormation's rule as S3's API takes it."""
    s3_rule: dict[str, Any] = {"Status": rule["Status"], "Filter": {"Prefix": rule.get("Prefix", "")}}
    if "Id" in rule:
        s3_rule["ID"] = rule["Id"]
    if "ExpirationInDays" in rule:
        s3_rule["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "AbortIncompleteMultipartUpload" in rule:
        days = int(rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"])
        s3_rule["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": days}
    return s3_rule
