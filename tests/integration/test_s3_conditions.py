"""What S3 answers to conditions and checksums (docs.aws.amazon.com/AmazonS3/latest/userguide)."""

from base64 import b64encode
from zlib import crc32

import pytest
from tests.integration.s3_bucket import OK, Bucket
from tests.integration.s3_bucket import bucket as bucket
from tests.integration.s3_bucket import s3 as s3

OTHER = '"00000000000000000000000000000000"'
PART = b"x" * (5 << 20)
FAILED, MISSING, LACKING = "PreconditionFailed", "NoSuchKey", "NotImplemented"


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
