from typing import Any

import pytest

from localstack_plugin.cloudformation.bucket_properties import (
    UnsupportedProperty,
    configure,
    encryption_rule,
    lifecycle_rule,
    refuse_unsupported,
)
from localstack_plugin.cloudformation.retention import is_retained, is_retained_in_rollback

TEMPLATE = {
    "Resources": {
        "Kept": {"DeletionPolicy": "Retain"},
        "KeptOnReplacement": {"UpdateReplacePolicy": "Retain"},
        "KeptUnlessRolledBack": {"DeletionPolicy": "RetainExceptOnCreate"},
        "Deleted": {"DeletionPolicy": "Delete"},
    }
}


class S3:
    """A client that notes each operation by name with its arguments."""

    def __init__(self) -> None:
        self.calls: dict[str, dict[str, Any]] = {}

    def __getattr__(self, operation: str) -> Any:
        return lambda **arguments: self.calls.update({operation: arguments})


@pytest.mark.parametrize(
    ("name", "is_replacement", "retained"),
    [
        ("Kept", False, True),
        ("Kept", True, False),
        ("KeptOnReplacement", True, True),
        ("KeptOnReplacement", False, False),
        ("KeptUnlessRolledBack", False, True),
        ("Deleted", False, False),
        ("Unknown", False, False),
    ],
)
def test_a_resource_is_retained_by_the_policy_for_its_removal(name: str, is_replacement: bool, retained: bool) -> None:
    assert is_retained(TEMPLATE, name, is_replacement) is retained


@pytest.mark.parametrize(("name", "retained"), [("Kept", True), ("KeptUnlessRolledBack", False), ("Deleted", False)])
def test_a_rollback_retains_what_is_retained_also_on_creation(name: str, retained: bool) -> None:
    assert is_retained_in_rollback(TEMPLATE, name, is_replacement=False) is retained
    assert not is_retained_in_rollback(TEMPLATE, name, is_replacement=True)


def test_nothing_is_retained_without_a_deployed_template() -> None:
    assert not is_retained(None, "Kept", is_replacement=False)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"BucketName": "b", "AccelerateConfiguration": {}}, "AccelerateConfiguration is not supported"),
        ({"LifecycleConfiguration": {"Rules": [{"Transitions": []}]}}, "Transitions in a lifecycle rule"),
    ],
)
def test_a_property_that_nothing_acts_on_is_refused(model: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedProperty, match=message):
        refuse_unsupported(model)


def test_properties_that_are_supported_pass() -> None:
    refuse_unsupported({"BucketName": "b", "Arn": "a", "OwnershipControls": {}, "Tags": []})


def test_a_lifecycle_rule_is_translated_for_s3() -> None:
    rule = {
        "Id": "old",
        "Status": "Enabled",
        "Prefix": "incoming/",
        "ExpirationInDays": "30",
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": "7"},
    }
    assert lifecycle_rule(rule) == {
        "ID": "old",
        "Status": "Enabled",
        "Filter": {"Prefix": "incoming/"},
        "Expiration": {"Days": 30},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    assert lifecycle_rule({"Status": "Disabled"}) == {"Status": "Disabled", "Filter": {"Prefix": ""}}


def test_an_encryption_rule_is_translated_for_s3() -> None:
    rule = {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": "true"}
    assert encryption_rule(rule) == {
        "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
        "BucketKeyEnabled": True,
    }


def test_public_access_blocks_are_booleans_and_absent_properties_are_reset() -> None:
    s3 = S3()
    configure(s3, {"BucketName": "b", "PublicAccessBlockConfiguration": {"BlockPublicAcls": "True"}})
    assert s3.calls == {
        "put_public_access_block": {"Bucket": "b", "PublicAccessBlockConfiguration": {"BlockPublicAcls": True}},
        "delete_bucket_encryption": {"Bucket": "b"},
        "delete_bucket_lifecycle": {"Bucket": "b"},
    }
