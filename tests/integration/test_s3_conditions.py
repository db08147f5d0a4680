"""What S3 answers to conditions, checksums and presigned URLs (docs.aws.amazon.com/AmazonS3/latest/userguide)."""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4
from zlib import crc32

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from local_cloud.settings import Settings

OTHER = '"00000000000000000000000000000000"'
PART = b"x" * (5 << 20)
OK, FAILED, MISSING, LACKING = "ok", "PreconditionFailed", "NoSuchKey", "NotImplemented"
AnyClient = Callable[[str], Any]


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


@pytest.mark.parametrize(
    ("operation", "key", "condition", "answer"),
    [
        ("put", "new", {"IfNoneMatch": "*"}, OK),
        ("put", "old", {"IfNoneMatch": "*"}, FAILED),
        ("put", "old", {"IfNoneMatch": "ETAG"}, LACKING),
        ("put", "old", {"IfMatch": "ETAG"}, OK),
        ("put", "old", {"IfMatch": OTHER}, FAILED),
        ("put", "new", {"IfMatch": OTHER}, MISSING),
        ("put", "old", {"IfMatch": "*"}, LACKING),
        ("put", "old", {"IfMatch": "ETAG", "IfNoneMatch": "*"}, LACKING),
        ("copy", "new", {"IfNoneMatch": "*"}, OK),
        ("copy", "new", {"CopySourceIfMatch": OTHER}, FAILED),
        ("copy", "new", {"CopySourceIfNoneMatch": "ETAG"}, FAILED),
        ("copy", "old", {"IfNoneMatch": "*"}, FAILED),
        ("copy", "old", {"IfMatch": OTHER}, FAILED),
        ("copy", "new", {"IfMatch": OTHER}, MISSING),
        ("upload", "old", {"IfNoneMatch": "*"}, FAILED),
        ("upload", "new", {"IfNoneMatch": "*"}, OK),
        ("upload", "old", {"IfMatch": OTHER}, FAILED),
        ("upload", "new", {"IfMatch": OTHER}, MISSING),
        ("delete", "old", {"IfMatch": "ETAG"}, OK),
        ("delete", "old", {"IfMatch": "*"}, OK),
        ("delete", "old", {"IfMatch": OTHER}, FAILED),
        ("delete", "new", {"IfMatch": OTHER}, MISSING),
        ("delete", "new", {"IfMatch": "*"}, MISSING),
    ],
)
def test_a_condition_is_judged_as_on_aws(
    bucket: Bucket, operation: str, key: str, condition: dict[str, str], answer: str
) -> None:
    assert bucket.call(operation, key=key, **condition) == answer
    if answer != OK:
        contents = bucket.s3.list_objects_v2(Bucket=bucket.name)["Contents"]
        assert [item["Key"] for item in contents] == ["old"]
        assert bucket.s3.get_object(Bucket=bucket.name, Key="old")["Body"].read() == b"1"


def test_objects_whose_etag_differs_are_kept_when_several_are_deleted(bucket: Bucket) -> None:
    bucket.put("free")
    items = [{"Key": "old", "ETag": OTHER}, {"Key": "free"}, {"Key": "none", "ETag": OTHER}]
    answer = bucket.s3.delete_objects(Bucket=bucket.name, Delete={"Objects": items})
    assert [item["Key"] for item in answer["Deleted"]] == ["free"]
    assert {item["Key"]: item["Code"] for item in answer["Errors"]} == {"old": FAILED, "none": MISSING}


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"ChecksumAlgorithm": "CRC32", "ChecksumType": "FULL_OBJECT"}, "FULL_OBJECT"),
        ({"ChecksumAlgorithm": "CRC32", "ChecksumType": "COMPOSITE"}, "COMPOSITE"),
        ({"ChecksumAlgorithm": "CRC32"}, "COMPOSITE"),
        ({"ChecksumAlgorithm": "SHA1"}, "COMPOSITE"),
        ({"ChecksumAlgorithm": "SHA256"}, "COMPOSITE"),
    ],
)
def test_the_checksum_of_a_multipart_upload_has_the_type_of_its_request(
    bucket: Bucket, options: dict[str, str], kind: str
) -> None:
    done = bucket.upload("parts", parts=(PART, b"end"), **options)
    name = f"Checksum{options['ChecksumAlgorithm']}"
    head = bucket.s3.head_object(Bucket=bucket.name, Key="parts", ChecksumMode="ENABLED")
    assert done["ChecksumType"] == head["ChecksumType"] == kind
    assert done[name] == head[name]
    if kind == "FULL_OBJECT":
        assert head[name] == b64encode(crc32(PART + b"end").to_bytes(4, "big")).decode()
    else:
        assert head[name].endswith("-2")


@pytest.mark.parametrize(
    ("checksum", "answer"),
    [
        ({"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumCRC32C": "AAAAAA=="}, "BadDigest"),
        ({"ChecksumCRC64NVME": "AAAAAAAAAAA="}, "BadDigest"),
        ({"ChecksumSHA1": b64encode(bytes(20)).decode()}, "BadDigest"),
        ({"ChecksumSHA256": b64encode(bytes(32)).decode()}, "BadDigest"),
        ({"ContentMD5": b64encode(bytes(16)).decode()}, "BadDigest"),
        ({"ContentMD5": "no digest"}, "InvalidDigest"),
    ],
)
def test_a_body_that_is_not_its_checksums_is_refused(bucket: Bucket, checksum: dict[str, str], answer: str) -> None:
    assert bucket.call("put", key="new", **checksum) == answer


def test_a_put_of_a_current_sdk_has_a_checksum(bucket: Bucket) -> None:
    answer = bucket.s3.put_object(Bucket=bucket.name, Key="new", Body=b"2")
    assert answer["ChecksumCRC32"] == b64encode(crc32(b"2").to_bytes(4, "big")).decode()


def ask(method: str, url: str, **options: Any) -> tuple[int, str]:
    """Return the status, and the error's code or the body."""
    answer = urllib3.request(method, url, retries=False, **options)
    code = re.search(r"<Code>(.*?)</Code>", answer.data.decode())
    return answer.status, code[1] if code else answer.data.decode()


def test_a_presigned_url_is_good_for_what_it_was_signed_for(bucket: Bucket) -> None:
    get = bucket.s3.generate_presigned_url("get_object", {"Bucket": bucket.name, "Key": "old"})
    assert ask("GET", get) == (200, "1")
    assert ask("PUT", get, body=b"2") == (403, "SignatureDoesNotMatch")
    assert ask("GET", get.replace("/old?", "/new?")) == (403, "SignatureDoesNotMatch")
    assert ask("GET", re.sub("Signature=....", "Signature=0000", get)) == (403, "SignatureDoesNotMatch")
    put = {"Bucket": bucket.name, "Key": "new", "ContentType": "text/plain"}
    url = bucket.s3.generate_presigned_url("put_object", put)
    assert ask("PUT", url, body=b"2", headers={"Content-Type": "text/plain"})[0] == 200
    assert ask("PUT", url, body=b"2", headers={"Content-Type": "image/png"}) == (403, "SignatureDoesNotMatch")


def test_a_presigned_url_ends(bucket: Bucket) -> None:
    url = bucket.s3.generate_presigned_url("get_object", {"Bucket": bucket.name, "Key": "old"}, ExpiresIn=1)
    deadline = time.monotonic() + 60
    while (answer := ask("GET", url)) == (200, "1") and time.monotonic() < deadline:
        time.sleep(0.2)
    assert answer == (403, "AccessDenied")


@pytest.mark.parametrize(
    ("fields", "conditions", "changed", "answer"),
    [
        ({}, [], {}, 204),
        ({}, [["content-length-range", 1, 10]], {}, 204),
        ({}, [["content-length-range", 1, 3]], {}, "EntityTooLarge"),
        ({}, [["content-length-range", 10, 30]], {}, "EntityTooSmall"),
        ({"acl": "private"}, [{"acl": "private"}], {"acl": "public-read"}, "AccessDenied"),
        ({"Content-Type": "image/png"}, [["starts-with", "$Content-Type", "image/"]], {}, 204),
        ({"Content-Type": "text/plain"}, [["starts-with", "$Content-Type", "image/"]], {}, "AccessDenied"),
        ({}, [], {"key": "elsewhere"}, "AccessDenied"),
        ({"success_action_status": "201"}, [{"success_action_status": "201"}], {}, 201),
    ],
)
def test_a_form_is_judged_by_its_policy(
    bucket: Bucket, fields: dict[str, str], conditions: list[Any], changed: dict[str, str], answer: int | str
) -> None:
    form = bucket.s3.generate_presigned_post(bucket.name, "form/${filename}", dict(fields), conditions)
    body = {**form["fields"], **changed, "file": ("a.png", b"hello")}
    status, code = ask("POST", form["url"], fields=body)
    assert answer in {status, code}, json.dumps([status, code])
