"""Configurations, tags and metadata that S3 accepts and refuses (docs.aws.amazon.com/AmazonS3/latest/API)."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.integration.s3_bucket import OK, Bucket
from tests.integration.s3_bucket import s3 as s3

EXPIRING = {"Status": "Enabled", "Expiration": {"Days": 1}}
ALL, IMAGES = {"Filter": {"Prefix": ""}}, {"Filter": {"Prefix": "images/"}}
CREATED, PUT, REMOVED = "s3:ObjectCreated:*", "s3:ObjectCreated:Put", "s3:ObjectRemoved:*"


class Configured(Bucket):
    def lifecycle(self, rules: list[dict[str, Any]]) -> None:
        self.s3.put_bucket_lifecycle_configuration(Bucket=self.name, LifecycleConfiguration={"Rules": rules})

    def tag(self, tags: list[tuple[str, str]]) -> None:
        pairs = [{"Key": key, "Value": value} for key, value in tags]
        self.s3.put_object_tagging(Bucket=self.name, Key="old", Tagging={"TagSet": pairs})

    def delete_many(self, number: int) -> None:
        self.s3.delete_objects(Bucket=self.name, Delete={"Objects": [{"Key": str(i)} for i in range(number)]})

    def notify(self, queue: str, configurations: list[dict[str, Any]]) -> None:
        items = [{"QueueArn": queue, **configuration} for configuration in configurations]
        configuration = {"QueueConfigurations": items}
        self.s3.put_bucket_notification_configuration(Bucket=self.name, NotificationConfiguration=configuration)


@pytest.fixture
def configured(s3: Any) -> Configured:
    return Configured(s3)


@pytest.fixture
def queue(configured: Configured) -> Iterator[str]:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=f"notified-{uuid4().hex[:8]}")["QueueUrl"]
    yield sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.delete_queue(QueueUrl=url)


def filtered(event: str, *rules: tuple[str, str]) -> dict[str, Any]:
    named = [{"Name": name, "Value": value} for name, value in rules]
    return {"Events": [event], **({"Filter": {"Key": {"FilterRules": named}}} if named else {})}


@pytest.mark.parametrize(
    ("rules", "answer"),
    [
        ([{**EXPIRING, **ALL}], OK),
        ([{**EXPIRING, "Prefix": "logs/"}], OK),
        ([{**EXPIRING, **ALL}, {**EXPIRING, **IMAGES}], OK),
        ([], "MalformedXML"),
        ([EXPIRING], "MalformedXML"),
        ([{**EXPIRING, **ALL, "Status": "On"}], "MalformedXML"),
        ([{**EXPIRING, **ALL, "ID": "a"}, {**EXPIRING, **IMAGES, "ID": "a"}], "InvalidArgument"),
        ([{**EXPIRING, **ALL, "ID": "a" * 256}], "InvalidArgument"),
        ([{**EXPIRING, **ALL, "Expiration": {"Days": 0}}], "InvalidArgument"),
        ([{"Status": "Enabled", **ALL}], "InvalidRequest"),
    ],
)
def test_a_lifecycle_configuration(configured: Configured, rules: list[dict[str, Any]], answer: str) -> None:
    assert configured.call("lifecycle", rules=rules) == answer


def test_a_lifecycle_rule_gets_an_id(configured: Configured) -> None:
    configured.lifecycle([{**EXPIRING, "Prefix": "logs/"}])
    rules = configured.s3.get_bucket_lifecycle_configuration(Bucket=configured.name)["Rules"]
    assert [(bool(rule["ID"]), rule["Filter"]) for rule in rules] == [(True, {"Prefix": "logs/"})]


@pytest.mark.parametrize(
    ("tags", "answer"),
    [
        ([(f"k{number}", "v") for number in range(10)], OK),
        ([(f"k{number}", "v") for number in range(11)], "BadRequest"),
        ([("k" * 128, "v" * 256)], OK),
        ([("k" * 129, "v")], "InvalidTag"),
        ([("k", "v" * 257)], "InvalidTag"),
    ],
)
def test_tags_have_limits(configured: Configured, tags: list[tuple[str, str]], answer: str) -> None:
    assert configured.call("tag", tags=tags) == answer


def test_metadata_have_at_most_two_kilobytes(configured: Configured) -> None:
    assert configured.call("put", key="a", Metadata={"a": "x" * 2047}) == OK
    assert configured.call("put", key="a", Metadata={"a": "x" * 2048}) == "MetadataTooLarge"


def test_one_request_deletes_at_most_a_thousand_objects(configured: Configured) -> None:
    assert configured.call("delete_many", number=1000) == OK
    assert configured.call("delete_many", number=1001) == "MalformedXML"


@pytest.mark.parametrize(
    ("configurations", "answer"),
    [
        ([filtered(CREATED, ("prefix", "a/")), filtered(CREATED, ("prefix", "b/"))], OK),
        ([filtered(CREATED, ("suffix", ".jpg")), filtered(PUT, ("suffix", ".png"))], OK),
        ([filtered(CREATED), filtered(REMOVED)], OK),
        ([filtered(CREATED), filtered(PUT)], "InvalidArgument"),
        ([filtered(PUT, ("prefix", "im")), filtered(PUT, ("prefix", "images/"))], "InvalidArgument"),
        ([filtered(CREATED, ("prefix", "a"), ("prefix", "b"))], "InvalidArgument"),
        ([filtered("s3:Object:*")], "InvalidArgument"),
    ],
)
def test_notifications_do_not_overlap(
    configured: Configured, queue: str, configurations: list[dict[str, Any]], answer: str
) -> None:
    assert configured.call("notify", queue=queue, configurations=configurations) == answer


def test_s3_select_is_refused_by_name(configured: Configured) -> None:
    with pytest.raises(ClientError, match=r"MethodNotAllowed.*S3 Select \(SelectObjectContent\) .*July 2024"):
        configured.s3.select_object_content(
            Bucket=configured.name,
            Key="old",
            Expression="SELECT * FROM S3Object",
            ExpressionType="SQL",
            InputSerialization={"JSON": {"Type": "LINES"}},
            OutputSerialization={"JSON": {}},
        )
