"""A write to S3 that is refused or interrupted leaves what was there."""

import socket
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.integration.localstack_programs import run_in_localstack
from tests.integration.s3_bucket import OK, Bucket, ask
from tests.integration.s3_bucket import bucket as bucket
from tests.integration.s3_bucket import s3 as s3

WRONG_MD5 = b64encode(bytes(16)).decode()
PART = b"x" * (5 << 20)
THREADS, ROUNDS = 8, 10
SMALL, LARGE = 1 << 10, 2 << 20  # in memory, and in a file


def content(bucket: Bucket, key: str = "old", **options: Any) -> bytes:
    return bytes(bucket.s3.get_object(Bucket=bucket.name, Key=key, **options)["Body"].read())


@pytest.mark.parametrize(
    ("operation", "options", "answer"),
    [
        ("put", {"ContentMD5": WRONG_MD5}, "BadDigest"),
        ("put", {"ContentMD5": "no digest"}, "InvalidDigest"),
        ("put", {"ChecksumCRC32": "AAAAAA=="}, "BadDigest"),
        ("put", {"ChecksumCRC64NVME": "AAAAAAAAAAA="}, "BadDigest"),
        ("put", {"ChecksumSHA256": b64encode(bytes(32)).decode()}, "BadDigest"),
        ("put", {"ChecksumSHA256": "no checksum"}, "InvalidRequest"),
        ("put", {"IfNoneMatch": "*"}, "PreconditionFailed"),
        ("put", {"StorageClass": "NONE"}, "InvalidStorageClass"),
        ("copy", {"IfNoneMatch": "*"}, "PreconditionFailed"),
        ("copy", {"CopySourceIfNoneMatch": "*"}, "InvalidRequest"),
        ("copy", {}, "InvalidRequest"),
    ],
)
def test_a_refused_write_keeps_the_object(bucket: Bucket, operation: str, options: dict[str, str], answer: str) -> None:
    assert bucket.call(operation, key="old", **options) in {answer, "PreconditionFailed"}
    assert content(bucket) == b"1"
    assert bucket.s3.head_object(Bucket=bucket.name, Key="old")["ETag"] == bucket.etag


def test_a_write_does_not_wait_for_a_reader_who_has_the_object_as_it_was(bucket: Bucket) -> None:
    bucket.s3.put_object(Bucket=bucket.name, Key="old", Body=PART * 4)  # more than the connection's buffers hold
    with closing(bucket.s3.get_object(Bucket=bucket.name, Key="old")["Body"]) as read:
        beginning = read.read(1)
        bucket.s3.put_object(Bucket=bucket.name, Key="old", Body=b"new")
        assert content(bucket) == b"new"
        assert beginning + read.read() == PART * 4


@pytest.mark.parametrize(
    ("header", "value", "message"),
    [
        ("ContentDisposition", 'attachment; filename="日.txt"', "Header value cannot be represented using ISO-8859-1."),
        ("ContentType", "a\r\nX-A: b", "Header value cannot have control characters."),
    ],
)
@pytest.mark.parametrize("operation", ["get_object", "head_object"])
def test_a_header_that_cannot_be_sent_is_refused(
    bucket: Bucket, operation: str, header: str, value: str, message: str
) -> None:
    with pytest.raises(ClientError) as refused:
        getattr(bucket.s3, operation)(Bucket=bucket.name, Key="old", **{f"Response{header}": value})
    if operation == "get_object":  # the answer to a HEAD has no body
        error = refused.value.response["Error"]
        assert (error["Code"], error["Message"]) == ("InvalidArgument", message)
        assert error["ArgumentName"].title().replace("-", "") == f"Response{header}"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert bucket.call("put", key="old") == OK  # nobody holds its lock


def test_a_header_of_the_answer_may_have_any_letter_of_latin_1(bucket: Bucket) -> None:
    answer = bucket.s3.get_object(Bucket=bucket.name, Key="old", ResponseContentDisposition='filename="é.txt"')
    assert answer["ContentDisposition"] == 'filename="é.txt"'


def test_a_refused_write_creates_nothing(bucket: Bucket) -> None:
    assert bucket.call("put", key="new", ContentMD5=WRONG_MD5) == "BadDigest"
    assert bucket.call("put", key="new", IfMatch=bucket.etag) == "NoSuchKey"
    assert bucket.call("put", key="new", IfNoneMatch="*") == OK
    assert content(bucket, "new") == b"2"


def test_a_refused_write_to_a_versioned_bucket_adds_no_version(bucket: Bucket) -> None:
    versioning = {"Bucket": bucket.name, "VersioningConfiguration": {"Status": "Enabled"}}
    bucket.s3.put_bucket_versioning(**versioning)
    assert bucket.call("put", key="old", ContentMD5=WRONG_MD5) == "BadDigest"
    assert [version["VersionId"] for version in bucket.s3.list_object_versions(Bucket=bucket.name)["Versions"]] == [
        "null"
    ]
    bucket.put("old")
    assert (content(bucket), content(bucket, VersionId="null")) == (b"2", b"1")
    for version in bucket.s3.list_object_versions(Bucket=bucket.name)["Versions"]:
        bucket.s3.delete_object(Bucket=bucket.name, Key="old", VersionId=version["VersionId"])


def test_a_refused_form_keeps_the_object(bucket: Bucket) -> None:
    fields = {"x-amz-checksum-algorithm": "CRC32", "x-amz-checksum-crc32": "AAAAAA=="}
    form = bucket.s3.generate_presigned_post(bucket.name, "old", fields, [{name: fields[name]} for name in fields])
    assert ask("POST", form["url"], fields={**form["fields"], "file": b"hello"}) == (400, "InvalidRequest")
    assert content(bucket) == b"1"


def test_a_body_that_breaks_off_keeps_the_object(bucket: Bucket) -> None:
    url = urlsplit(bucket.s3.generate_presigned_url("put_object", {"Bucket": bucket.name, "Key": "old"}))
    request = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 1000\r\n\r\nbroken"
    with socket.create_connection((str(url.hostname), int(url.port or 80)), 30) as connection:
        connection.sendall(request.encode())
    assert content(bucket) == b"1"


def refused(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return str(error.value.response["Error"]["Code"])


def test_a_part_that_is_refused_keeps_the_part(bucket: Bucket) -> None:
    upload = {"Bucket": bucket.name, "Key": "old"}
    upload["UploadId"] = bucket.s3.create_multipart_upload(**upload)["UploadId"]
    part = bucket.s3.upload_part(**upload, PartNumber=1, Body=b"part")
    assert refused(bucket.s3.upload_part, **upload, PartNumber=1, Body=b"x", ContentMD5=WRONG_MD5) == "BadDigest"
    assert refused(bucket.s3.upload_part, **upload, PartNumber=1, Body=b"x", ChecksumCRC32="AAAAAA==") == "BadDigest"
    assert [one["ETag"] for one in bucket.s3.list_parts(**upload)["Parts"]] == [part["ETag"]]
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    bucket.s3.complete_multipart_upload(**upload, MultipartUpload=parts)
    assert content(bucket) == b"part"


def test_an_upload_whose_completion_is_refused_can_be_completed(bucket: Bucket) -> None:
    upload = {"Bucket": bucket.name, "Key": "old"}
    upload["UploadId"] = bucket.s3.create_multipart_upload(**upload)["UploadId"]
    bodies = (PART, b"small", b"end")
    tags = [
        bucket.s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"] for number, body in enumerate(bodies, 1)
    ]
    first, second, third = ({"PartNumber": number, "ETag": tag} for number, tag in enumerate(tags, 1))

    def complete(*parts: Any, **options: Any) -> Any:
        return bucket.s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": list(parts)}, **options)

    for parts, answer in (
        ((first, {**second, "ETag": first["ETag"]}), "InvalidPart"),
        ((third, first), "InvalidPartOrder"),
        ((first, second, third), "EntityTooSmall"),
        ((first, {"PartNumber": 9, "ETag": first["ETag"]}), "InvalidPart"),
    ):
        with pytest.raises(ClientError) as error:
            complete(*parts)
        assert error.value.response["Error"]["Code"] == answer
        assert content(bucket) == b"1"
    complete(first, third)
    assert content(bucket) == PART + b"end"


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_readers_see_whole_objects_while_others_write(bucket: Bucket, size: int) -> None:
    bodies = {bytes([letter]) * size for letter in b"abcd"}

    def write(body: bytes) -> None:
        for _ in range(ROUNDS):
            bucket.s3.put_object(Bucket=bucket.name, Key="old", Body=body)
            bucket.call("put", key="old", ContentMD5=WRONG_MD5)

    def read() -> set[bytes]:
        return {content(bucket) for _ in range(ROUNDS)}

    bucket.s3.put_object(Bucket=bucket.name, Key="old", Body=b"a" * size)
    with ThreadPoolExecutor(THREADS) as pool:
        writes = [pool.submit(write, body) for body in bodies]
        reads = [pool.submit(read) for _ in range(THREADS - len(bodies))]
        for one in writes:
            one.result()
        assert set().union(*(one.result() for one in reads)) <= bodies


def test_one_of_several_conditional_writes_succeeds(bucket: Bucket) -> None:
    for number in range(ROUNDS):
        key = f"first-{number}"
        with ThreadPoolExecutor(THREADS) as pool:
            answers = list(pool.map(lambda _, key=key: bucket.call("put", key=key, IfNoneMatch="*"), range(THREADS)))
        assert answers.count(OK) == 1, answers


def test_a_reader_on_the_event_loop_keeps_nobody_waiting(tmp_path: Path) -> None:
    run_in_localstack("object_reads.py", tmp_path)
