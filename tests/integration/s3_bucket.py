"""A bucket for tests of S3, and requests without an SDK."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from local_cloud.settings import Settings

OK = "ok"


class Bucket:
    """A bucket with an object `old`."""

    def __init__(self, s3: Any) -> None:
        self.s3, self.name = s3, f"conditions-{uuid4().hex[:8]}"
        s3.create_bucket(Bucket=self.name)
        self.etag = s3.put_object(Bucket=self.name, Key="old", Body=b"1")["ETag"]

    def call(self, operation: str, **arguments: Any) -> str:
        """Return the error code, or `ok`. ETAG stands for the ETag of `old`."""
        named = {key: self.etag if value == "ETAG" else value for key, value in arguments.items()}
        try:
            getattr(self, operation)(**named)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return OK

    def put(self, key: str, **options: Any) -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=b"2", **options)

    def copy(self, key: str, **options: Any) -> None:
        source = {"Bucket": self.name, "Key": "old"}
        self.s3.copy_object(Bucket=self.name, Key=key, CopySource=source, **options)

    def delete(self, key: str, **options: Any) -> None:
        self.s3.delete_object(Bucket=self.name, Key=key, **options)

    def upload(self, key: str, parts: tuple[bytes, ...] = (b"1",), **options: Any) -> Any:
        conditions = {name: options.pop(name) for name in ("IfMatch", "IfNoneMatch") if name in options}
        upload = {"Bucket": self.name, "Key": key}
        upload["UploadId"] = self.s3.create_multipart_upload(**upload, **options)["UploadId"]
        algorithm = {"ChecksumAlgorithm": options["ChecksumAlgorithm"]} if options else {}
        done = []
        for number, body in enumerate(parts, start=1):
            part = self.s3.upload_part(**upload, PartNumber=number, Body=body, **algorithm)
            checksum = {name: value for name, value in part.items() if name.startswith("Checksum") and options}
            done.append({"PartNumber": number, "ETag": part["ETag"], **checksum})
        return self.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": done}, **conditions)


@pytest.fixture(scope="module")
def s3(cloud: Settings) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    config = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    return boto3.client("s3", endpoint_url=cloud.localstack_url, config=config, **keys)


@pytest.fixture
def bucket(s3: Any) -> Iterator[Bucket]:
    bucket = Bucket(s3)
    yield bucket
    for upload in s3.list_multipart_uploads(Bucket=bucket.name).get("Uploads", []):
        s3.abort_multipart_upload(Bucket=bucket.name, Key=upload["Key"], UploadId=upload["UploadId"])
    for item in s3.list_objects_v2(Bucket=bucket.name).get("Contents", []):
        s3.delete_object(Bucket=bucket.name, Key=item["Key"])
    s3.delete_bucket(Bucket=bucket.name)


def ask(method: str, url: str, **options: Any) -> tuple[int, str]:
    """Return the status, and the error's code or the body."""
    answer = urllib3.request(method, url, retries=False, **options)
    code = re.search(r"<Code>(.*?)</Code>", answer.data.decode())
    return answer.status, code[1] if code else answer.data.decode()
