"""S3 events on EventBridge and in notifications (docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html)."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
import urllib3

ARRIVAL_TIMEOUT_S = 120.0
KEY = "incoming/a b+c.png"
AnyClient = Callable[[str], Any]


class Queue:
    """A queue, read message by message."""

    def __init__(self, sqs: Any) -> None:
        self._sqs, self.url = sqs, sqs.create_queue(QueueName=f"events-{uuid4().hex[:8]}")["QueueUrl"]
        attributes = sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["QueueArn"])
        self.arn = attributes["Attributes"]["QueueArn"]

    def next(self) -> Any:
        deadline = time.monotonic() + ARRIVAL_TIMEOUT_S
        while time.monotonic() < deadline:
            for message in self._sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=1).get("Messages", []):
                self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
                body = json.loads(message["Body"])
                if body.get("Event") != "s3:TestEvent":
                    return body
        raise AssertionError(f"no message in {ARRIVAL_TIMEOUT_S:g} s")


@pytest.fixture
def bucket(client: AnyClient) -> Iterator[str]:
    s3, name = client("s3"), f"events-{uuid4().hex[:8]}"
    s3.create_bucket(Bucket=name)
    yield name
    for item in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=item["Key"])
    s3.delete_bucket(Bucket=name)


@pytest.fixture
def event_bridge(client: AnyClient, bucket: str) -> Iterator[Queue]:
    """Return a queue that gets the bucket's events from EventBridge."""
    queue, events = Queue(client("sqs")), client("events")
    client("s3").put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [bucket]}}}
    events.put_rule(Name=bucket, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=bucket, Targets=[{"Id": "queue", "Arn": queue.arn}])
    yield queue
    events.remove_targets(Rule=bucket, Ids=["queue"])
    events.delete_rule(Name=bucket)
    client("sqs").delete_queue(QueueUrl=queue.url)


def put(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key=KEY, Body=b"1")


def copy(s3: Any, bucket: str) -> None:
    s3.copy_object(Bucket=bucket, Key=KEY, CopySource={"Bucket": bucket, "Key": "source"})


def upload_in_parts(s3: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key=KEY)["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key=KEY, UploadId=upload, PartNumber=1, Body=b"1")
    parts = {"Parts": [{"ETag": part["ETag"], "PartNumber": 1}]}
    s3.complete_multipart_upload(Bucket=bucket, Key=KEY, UploadId=upload, MultipartUpload=parts)


def post_a_form(s3: Any, bucket: str) -> None:
    form = s3.generate_presigned_post(bucket, KEY)
    answer = urllib3.request("POST", form["url"], fields={**form["fields"], "file": ("a.png", b"1")})
    assert answer.status == 204, answer.data


def delete(s3: Any, bucket: str) -> None:
    s3.delete_object(Bucket=bucket, Key="source")


@pytest.mark.parametrize(
    ("operation", "key", "reason"),
    [
        (put, KEY, "PutObject"),
        (copy, KEY, "CopyObject"),
        (upload_in_parts, KEY, "CompleteMultipartUpload"),
        (post_a_form, KEY, "POST Object"),
        (delete, "source", "DeleteObject"),
    ],
)
def test_an_event_on_eventbridge_has_key_and_reason_as_on_aws(
    client: AnyClient, bucket: str, event_bridge: Queue, operation: Callable[[Any, str], None], key: str, reason: str
) -> None:
    client("s3").put_object(Bucket=bucket, Key="source", Body=b"1")
    before = event_bridge.next()["detail"]
    operation(client("s3"), bucket)
    detail = event_bridge.next()["detail"]
    assert (detail["object"]["key"], detail["reason"]) == (key, reason)
    assert detail["object"]["sequencer"] > before["object"]["sequencer"]


def test_a_notification_spells_a_space_as_a_plus(client: AnyClient, bucket: str) -> None:
    queue = Queue(client("sqs"))
    configuration = {"QueueConfigurations": [{"QueueArn": queue.arn, "Events": ["s3:ObjectCreated:*"]}]}
    client("s3").put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=configuration)
    put(client("s3"), bucket)
    first = queue.next()["Records"][0]["s3"]["object"]
    put(client("s3"), bucket)
    assert first["key"] == "incoming/a+b%2Bc.png"
    assert queue.next()["Records"][0]["s3"]["object"]["sequencer"] > first["sequencer"]
    client("sqs").delete_queue(QueueUrl=queue.url)
