"""Configurations of buckets, tags and metadata that S3 refuses, and lifecycle rules that it accepts.

Sources: docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLifecycleConfiguration.html, and in userguide/
object-tagging.html, notification-how-to-filtering.html and UsingMetadata.html.
"""

import functools
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any, Final
from uuid import uuid4

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.s3 import Event, InvalidArgument, InvalidRequest, InvalidTag
from localstack.services.s3.exceptions import MalformedXML

from localstack_plugin.replacing import wrap

Operation = Callable[..., Any]
ACTIONS: Final = {
    "Expiration",
    "Transition",
    "Transitions",
    "NoncurrentVersionExpiration",
    "NoncurrentVersionTransition",
    "NoncurrentVersionTransitions",
    "AbortIncompleteMultipartUpload",
}
MOST_RULES, LONGEST_ID = 1000, 255
MOST_TAGS: Final = {
    "object": (10, "Object tags cannot be greater than 10"),
    "bucket": (50, "Bucket tag count cannot be greater than 50"),
}
LONGEST_TAG_KEY, LONGEST_TAG_VALUE = 128, 256
MOST_METADATA_BYTES = 2048
DESTINATIONS: Final = ("QueueConfigurations", "TopicConfigurations", "LambdaFunctionConfigurations")


def install() -> None:
    wrap(
        "localstack.services.s3.provider:S3Provider.put_bucket_lifecycle_configuration",
        wrapper=checking_lifecycle,
        why="LocalStack refuses a lifecycle rule without an ID or with a Prefix instead of a Filter, which S3 accepts, "
        "and accepts rules that S3 refuses.",
    )
    wrap(
        "localstack.services.s3.provider:validate_tag_set",
        wrapper=checking_tags,
        why="LocalStack takes any number of tags of any length. S3's limits hold.",
    )
    wrap(
        "localstack.services.s3.provider:S3Provider.put_object",
        "localstack.services.s3.provider:S3Provider.create_multipart_upload",
        wrapper=checking_metadata,
        why="LocalStack takes any metadata. More than 2 KB are refused.",
    )
    wrap(
        "localstack.services.s3.provider:S3Provider.put_bucket_notification_configuration",
        wrapper=checking_notifications,
        why="LocalStack takes events that do not exist, two prefixes in one filter, and configurations that overlap. "
        "They are refused.",
    )


def checking_lifecycle(original: Operation) -> Operation:
    @functools.wraps(original)
    def put(
        provider: Any, context: RequestContext, bucket: str, lifecycle_configuration: Any = None, **options: Any
    ) -> Any:
        rules = (lifecycle_configuration or {}).get("Rules") or []
        if not 0 < len(rules) <= MOST_RULES:
            raise MalformedXML()
        whole = {**lifecycle_configuration, "Rules": [completed(rule) for rule in rules]}
        check_rules(whole["Rules"])
        return original(provider, context, bucket, lifecycle_configuration=whole, **options)

    return put


def completed(rule: dict[str, Any]) -> dict[str, Any]:
    """Return the rule with an ID, and with a Filter in place of the older Prefix."""
    if ("Filter" in rule) == ("Prefix" in rule) or rule.get("Status") not in ("Enabled", "Disabled"):
        raise MalformedXML()
    fields = {**rule, "ID": rule.get("ID") or str(uuid4())}
    if "Prefix" in fields:
        fields["Filter"] = {"Prefix": fields.pop("Prefix") or ""}
    return fields


def check_rules(rules: list[dict[str, Any]]) -> None:
    if len({rule["ID"] for rule in rules}) < len(rules):
        raise InvalidArgument("Rule ID must be unique. Found same ID for more than one rule")
    for rule in rules:
        if len(rule["ID"]) > LONGEST_ID:
            raise InvalidArgument(f"ID length should not exceed allowed limit of {LONGEST_ID}")
        if not ACTIONS & rule.keys():
            raise InvalidRequest("At least one action needs to be specified in a rule")
        if (rule.get("Expiration") or {}).get("Days", 1) < 1:
            raise InvalidArgument("'Days' for Expiration action must be a positive integer")


def checking_tags(original: Operation) -> Operation:
    @functools.wraps(original)
    def validate(tag_set: Any, type_set: str = "bucket") -> None:
        most, message = MOST_TAGS[type_set]
        if len(tag_set) > most:
            raise CommonServiceException("BadRequest", message)
        original(tag_set, type_set=type_set)
        for tag in tag_set:
            if not 0 < len(tag["Key"]) <= LONGEST_TAG_KEY:
                raise InvalidTag("The TagKey you have provided is invalid", TagKey=tag["Key"])
            if len(tag["Value"]) > LONGEST_TAG_VALUE:
                raise InvalidTag("The TagValue you have provided is invalid", TagKey=tag["Key"], TagValue=tag["Value"])

    return validate


def checking_metadata(original: Operation) -> Operation:
    @functools.wraps(original)
    def write(provider: Any, context: RequestContext, request: Any) -> Any:
        metadata = request.get("Metadata") or {}
        if sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items()) > MOST_METADATA_BYTES:
            message = "Your metadata headers exceed the maximum allowed metadata size"
            raise CommonServiceException("MetadataTooLarge", message)
        return original(provider, context, request)

    return write


def checking_notifications(original: Operation) -> Operation:
    @functools.wraps(original)
    def put(
        provider: Any, context: RequestContext, bucket: str, notification_configuration: Any, **options: Any
    ) -> Any:
        configurations = [item for name in DESTINATIONS for item in (notification_configuration or {}).get(name) or ()]
        for configuration in configurations:
            check_notification(configuration)
        for one, other in combinations(configurations, 2):
            if overlap(one, other):
                raise InvalidArgument(
                    "Configuration is ambiguously defined. Cannot have overlapping suffixes in two rules if the "
                    "prefixes are overlapping for the same event type."
                )
        return original(provider, context, bucket, notification_configuration, **options)

    return put


def check_notification(configuration: dict[str, Any]) -> None:
    for event in configuration.get("Events") or ():
        if event not in set(Event):
            raise InvalidArgument("The event is not supported for notifications", ArgumentName=event)
    for name in ("prefix", "suffix"):
        if len(list(rules_of(configuration, name))) > 1:
            raise InvalidArgument(f"Cannot specify more than one {name} rule in a filter.")


def rules_of(configuration: dict[str, Any], name: str) -> Iterator[str]:
    for rule in ((configuration.get("Filter") or {}).get("Key") or {}).get("FilterRules") or ():
        if str(rule.get("Name")).lower() == name:
            yield rule.get("Value") or ""


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    prefixes = [next(rules_of(item, "prefix"), "") for item in (one, other)]
    suffixes = [next(rules_of(item, "suffix"), "") for item in (one, other)]
    return (
        any(same_event(a, b) for a in one.get("Events") or () for b in other.get("Events") or ())
        and (prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0]))
        and (suffixes[0].endswith(suffixes[1]) or suffixes[1].endswith(suffixes[0]))
    )


def same_event(one: str, other: str) -> bool:
    def covers(wide: str, narrow: str) -> bool:
        return wide == narrow or (wide.endswith(":*") and narrow.startswith(wide[:-1]))

    return covers(one, other) or covers(other, one)
