"""The server of LocalStack's port, as S3 sees it: what clients other than boto3 send."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from uuid import uuid4

import boto3
import pytest

from local_cloud.settings import Settings

SIGNED = "AWS4-HMAC-SHA256 Credential=test/20261126/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
CONTENT = bytes(range(256)) * 40_000
PARTS = [CONTENT[at : at + 70_001] for at in range(0, len(CONTENT), 70_001)]
UPGRADE = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAAP__"}


@pytest.fixture(scope="module")
def bucket(cloud: Settings) -> Iterator[str]:
    name, s3 = f"http-{uuid4().hex[:8]}", boto3.client("s3")
    s3.create_bucket(Bucket=name)
    yield name
    for listed in s3.list_objects_v2(Bucket=name)["Contents"]:
        s3.delete_object(Bucket=name, Key=listed["Key"])
    s3.delete_bucket(Bucket=name)


@pytest.fixture
def client(cloud: Settings) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", cloud.localstack_port, timeout=120)
    yield connection
    connection.close()


def stored(bucket: str, key: str) -> bytes:
    return bytes(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


@pytest.mark.parametrize("headers", [{}, UPGRADE], ids=["plain", "asking for an upgrade, as Java's client does"])
@pytest.mark.parametrize("is_chunked", [False, True], ids=["with its length", "in chunks"])
def test_an_object_is_stored_whole(
    client: http.client.HTTPConnection, bucket: str, headers: dict[str, str], is_chunked: bool
) -> None:
    body = iter(PARTS) if is_chunked else CONTENT
    sent = {"Authorization": SIGNED, **headers}
    client.request("PUT", f"/{bucket}/sent", body, sent)
    assert client.getresponse().read() == b""
    assert stored(bucket, "sent") == CONTENT
    client.request("GET", f"/{bucket}/sent", headers=sent)
    assert client.getresponse().read() == CONTENT


def test_a_target_may_be_a_url(client: http.client.HTTPConnection, bucket: str, cloud: Settings) -> None:
    url = f"http://127.0.0.1:{cloud.localstack_port}/{bucket}/a%20b%2Fc"
    client.request("PUT", url, b"content", {"Authorization": SIGNED})
    assert client.getresponse().read() == b""
    assert stored(bucket, "a b/c") == b"content"


def test_a_head_request_has_the_length_and_no_body(client: http.client.HTTPConnection, bucket: str) -> None:
    boto3.client("s3").put_object(Bucket=bucket, Key="head", Body=b"content")
    for _ in range(2):  # a body would be taken for the beginning of the second answer
        client.request("HEAD", f"/{bucket}/head", headers={"Authorization": SIGNED})
        answer = client.getresponse()
        assert (answer.status, answer.headers["Content-Length"], answer.read()) == (200, "7", b"")
