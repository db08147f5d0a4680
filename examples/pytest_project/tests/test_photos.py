"""Tests that use S3. Each has an account of its own, so tests can use the same names and run in parallel."""

import boto3
import pytest

import deliveries
from pytest_aws_local.accounts import Account


@pytest.fixture
def bucket(aws_account: Account) -> str:
    return aws_account.bucket("photos")


def test_a_photo_is_stored(bucket: str) -> None:
    key = deliveries.put_photo(bucket, "ann", b"png")
    assert deliveries.photo(bucket, key) == b"png"


def test_a_new_photo_replaces_the_old_one(bucket: str) -> None:
    deliveries.put_photo(bucket, "ann", b"old")
    key = deliveries.put_photo(bucket, "ann", b"new")
    assert deliveries.photo(bucket, key) == b"new"


def test_a_photo_has_its_content_type(bucket: str) -> None:
    key = deliveries.put_photo(bucket, "ann", b"png")
    assert boto3.client("s3").head_object(Bucket=bucket, Key=key)["ContentType"] == "image/png"


def test_the_error_names_a_missing_photo(bucket: str) -> None:
    with pytest.raises(deliveries.NoSuchPhoto, match=r"photos/bob\.png"):
        deliveries.photo(bucket, "photos/bob.png")


def test_drivers_are_sorted(bucket: str) -> None:
    for driver in ("cid", "ann", "bob"):
        deliveries.put_photo(bucket, driver, b"png")
    assert deliveries.drivers(bucket) == ["ann", "bob", "cid"]


def test_without_photos_there_are_no_drivers(bucket: str) -> None:
    assert deliveries.drivers(bucket) == []


def test_other_objects_are_not_drivers(bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="notes.txt", Body=b"")
    assert deliveries.drivers(bucket) == []


def test_the_account_is_the_tests_own(aws_account: Account, bucket: str) -> None:
    assert boto3.client("sts").get_caller_identity()["Account"] == aws_account.id
    assert [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]] == [bucket]
