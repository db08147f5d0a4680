"""Buckets: made if missing, filled in parallel, read with a clear word when something is not there."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.context import PROJECT_TAG, Context
from scones.errors import DENIED, BucketError, MissingError, code_of

UPLOADS_AT_ONCE = 16
CONTENT_TYPES = {".png": "image/png", ".lst": "text/tab-separated-values", ".json": "application/json"}
ANOTHER_BUCKET = "name another one with BUCKET"
WHOSE = "ask for s3:ListBucket on it, or find out whose it is; its name is for this account's deployments"
ABSENT = {"404", "NoSuchKey", "NoSuchBucket", "NotFound", "NoSuchTagSet"}


@dataclass(frozen=True)
class Upload:
    key: str
    path: Path


def exists(s3: BaseClient, bucket: str, owner: str | None = None, otherwise: str = ANOTHER_BUCKET) -> bool:
    """Raises BucketError, which says what to do otherwise, where it may not be used, or is not the owner's."""
    try:
        s3.head_bucket(Bucket=bucket, **({"ExpectedBucketOwner": owner} if owner else {}))
    except ClientError as error:
        if code_of(error) in ABSENT:
            return False
        if code_of(error) in {"403", "301", "400"}:
            raise BucketError(
                f"bucket {bucket!r} exists, and this account may not use it from this region (S3 answered "
                f"{code_of(error)}): {otherwise}"
            ) from error
        raise
    return True


def require(context: Context) -> None:
    if not exists(context.client("s3"), context.bucket):
        raise MissingError(f"there is no bucket {context.bucket}: run `scones deploy` first")


def ensure(context: Context, bucket: str) -> bool:
    """Make the account's bucket if it is missing, and finish one that was left half made. True if it was made."""
    s3 = context.client("s3")
    made = not exists(s3, bucket, context.account, WHOSE)
    if made:
        _make(context, bucket)
    if made or is_ours(s3, bucket):
        _close(s3, bucket)
    return made


def _make(context: Context, bucket: str) -> None:
    s3 = context.client("s3")
    # us-east-1 is the one region that must not be named.
    where = (
        {} if context.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": context.region}}
    )
    s3.create_bucket(Bucket=bucket, **where)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [PROJECT_TAG]})


def _close(s3: BaseClient, bucket: str) -> None:
    """Private and encrypted."""
    s3.put_public_access_block(
        Bucket=bucket,
        PublicAccessBlockConfiguration=dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        ),
    )
    encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=encryption)


def is_ours(s3: BaseClient, bucket: str) -> bool:
    try:
        tags = s3.get_bucket_tagging(Bucket=bucket)["TagSet"]
    except ClientError as error:
        if code_of(error) in ABSENT | DENIED:
            return False
        raise
    return PROJECT_TAG in tags


def etags(s3: BaseClient, bucket: str, prefix: str) -> dict[str, str]:
    """ETag (MD5, for what was put in one part) by key; empty if the bucket is missing."""
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {item["Key"]: item["ETag"].strip('"') for page in pages for item in page.get("Contents", [])}
    except ClientError as error:
        if code_of(error) in ABSENT:
            return {}
        raise


def changed(uploads: Iterable[Upload], present: dict[str, str]) -> list[Upload]:
    def digest(path: Path) -> str:
        return md5(path.read_bytes(), usedforsecurity=False).hexdigest()

    return [upload for upload in uploads if present.get(upload.key) != digest(upload.path)]


def put_all(context: Context, uploads: list[Upload], on_done: Callable[[int], None]) -> None:
    s3, bucket = context.client("s3"), context.bucket

    def put(upload: Upload) -> None:
        content_type = CONTENT_TYPES.get(upload.path.suffix, "application/octet-stream")
        s3.put_object(Bucket=bucket, Key=upload.key, Body=upload.path.read_bytes(), ContentType=content_type)

    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
        futures = [pool.submit(put, upload) for upload in uploads]
        try:
            for count, future in enumerate(as_completed(futures), 1):
                future.result()
                on_done(count)
        finally:  # after an error or Ctrl-C, what has not begun must not begin
            pool.shutdown(cancel_futures=True)


def get(context: Context, key: str, made_by: str) -> bytes:
    """An object's bytes, or a word about the step that makes it."""
    try:
        body: bytes = context.client("s3").get_object(Bucket=context.bucket, Key=key)["Body"].read()
    except ClientError as error:
        if code_of(error) in ABSENT:
            raise MissingError(f"there is no s3://{context.bucket}/{key}: run `scones {made_by}` first") from error
        raise
    return body


def has(context: Context, key: str) -> bool:
    try:
        context.client("s3").head_object(Bucket=context.bucket, Key=key)
    except ClientError as error:
        if code_of(error) in ABSENT:
            return False
        raise
    return True


def delete_all(s3: BaseClient, bucket: str, keys: Iterable[str]) -> int:
    count = 0
    for chunk in _chunks(list(keys), 1000):
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in chunk], "Quiet": True})
        if errors := answer.get("Errors"):
            raise BucketError(f"s3://{bucket}/{errors[0]['Key']} could not be deleted: {errors[0].get('Message')}")
        count += len(chunk)
    return count


def _chunks(keys: list[str], size: int) -> Iterator[list[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
