"""One S3 bucket: created if it is missing, filled in parallel, and read with errors that say which step fills it."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import DENIED, code_of
from scones.errors import BucketError, MissingError
from scones.settings import PROJECT_TAG

UPLOADS_AT_ONCE = 16
# S3 deletes at most this many objects in one request.
DELETE_MAX = 1000
CONTENT_TYPES = {".png": "image/png", ".lst": "text/tab-separated-values", ".json": "application/json"}
NAME_ANOTHER = "choose another name with BUCKET"
ABSENT = {"404", "NoSuchKey", "NoSuchBucket", "NotFound", "NoSuchTagSet"}
UNUSABLE = {"403", "301", "400"}


@dataclass(frozen=True)
class Upload:
    """One file, and the key under which it is put."""

    key: str
    path: Path


@dataclass(frozen=True)
class Bucket:
    """A bucket that exists, or that the account could create in this region."""

    s3: BaseClient
    name: str
    account: str
    region: str

    def uri(self, key: str) -> str:
        return f"s3://{self.name}/{key}"

    # ---- the bucket itself ----

    def exists(self, must_be_ours: bool = False, advice: str = NAME_ANOTHER) -> bool:
        """Return whether the bucket exists.

        Raises:
            BucketError: it exists, but this account may not use it; or another account owns it and it must be ours.
                The message ends with the advice.
        """
        owner = {"ExpectedBucketOwner": self.account} if must_be_ours else {}
        try:
            self.s3.head_bucket(Bucket=self.name, **owner)
        except ClientError as error:
            code = code_of(error)
            if code in ABSENT:
                return False
            if code in UNUSABLE:
                raise BucketError(
                    f"bucket {self.name!r} exists, but this account may not use it from this region "
                    f"(S3 answered {code}): {advice}"
                ) from error
            raise
        return True

    def require(self) -> None:
        if not self.exists():
            raise MissingError(f"there is no bucket {self.name}: run `scones deploy` first")

    def ensure(self) -> bool:
        """Create the bucket if it is missing, and finish one that was only half created. True if it was created."""
        advice = "ask its owner for s3:ListBucket; this account keeps the code of its deployments under this name"
        is_new = not self.exists(must_be_ours=True, advice=advice)
        if is_new:
            self._create()
        if is_new or self.is_ours():
            self._make_private()
        return is_new

    def is_ours(self) -> bool:
        """Return whether the bucket has the project's tag."""
        try:
            tags = self.s3.get_bucket_tagging(Bucket=self.name)["TagSet"]
        except ClientError as error:
            if code_of(error) in ABSENT | DENIED:
                return False
            raise
        return PROJECT_TAG in tags

    def delete(self) -> None:
        self.s3.delete_bucket(Bucket=self.name)

    def _create(self) -> None:
        # S3 refuses us-east-1 as a location constraint: it is the default.
        location = {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
        self.s3.create_bucket(Bucket=self.name, **({} if self.region == "us-east-1" else location))
        self.s3.put_bucket_tagging(Bucket=self.name, Tagging={"TagSet": [PROJECT_TAG]})

    def _make_private(self) -> None:
        """Block public access, and encrypt."""
        blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        self.s3.put_public_access_block(Bucket=self.name, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True))
        encryption = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
        self.s3.put_bucket_encryption(Bucket=self.name, ServerSideEncryptionConfiguration=encryption)

    # ---- its objects ----

    def etags(self, prefix: str) -> dict[str, str]:
        """Return ETags by key: the MD5 of objects that were put in one part. Empty if there is no bucket."""
        try:
            pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, Prefix=prefix)
            return {item["Key"]: item["ETag"].strip('"') for page in pages for item in page.get("Contents", [])}
        except ClientError as error:
            if code_of(error) in ABSENT:
                return {}
            raise

    def get(self, key: str, written_by: str) -> bytes:
        """Return an object's bytes.

        Raises:
            MissingError: there is no such object; names the command that writes it.
        """
        try:
            body: bytes = self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as error:
            if code_of(error) in ABSENT:
                raise MissingError(f"there is no {self.uri(key)}: run `scones {written_by}` first") from error
            raise
        return body

    def has(self, key: str) -> bool:
        try:
            self.s3.head_object(Bucket=self.name, Key=key)
        except ClientError as error:
            if code_of(error) in ABSENT:
                return False
            raise
        return True

    def put(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> None:
        self.s3.put_object(Bucket=self.name, Key=key, Body=body, ContentType=content_type)

    def put_all(self, uploads: list[Upload], on_done: Callable[[int], None] = lambda count: None) -> None:
        """Put files in parallel. on_done receives the number that are done."""

        def put(upload: Upload) -> None:
            content_type = CONTENT_TYPES.get(upload.path.suffix, "application/octet-stream")
            self.put(upload.key, upload.path.read_bytes(), content_type)

        with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool:
            futures = [pool.submit(put, upload) for upload in uploads]
            try:
                for count, future in enumerate(as_completed(futures), 1):
                    future.result()
                    on_done(count)
            finally:  # after an error or Ctrl-C, do not start the uploads that are still queued
                pool.shutdown(cancel_futures=True)

    def delete_all(self, keys: Iterable[str]) -> int:
        """Delete objects, and return how many."""
        count = 0
        for chunk in _chunks(list(keys), DELETE_MAX):
            objects = [{"Key": key} for key in chunk]
            answer = self.s3.delete_objects(Bucket=self.name, Delete={"Objects": objects, "Quiet": True})
            if errors := answer.get("Errors"):
                reason = errors[0].get("Message")
                raise BucketError(f"{self.uri(errors[0]['Key'])} could not be deleted: {reason}")
            count += len(chunk)
        return count


def changed(uploads: Iterable[Upload], etags: dict[str, str]) -> list[Upload]:
    """Return the uploads whose bytes are not in the bucket yet, according to its ETags."""

    def digest(path: Path) -> str:
        return md5(path.read_bytes(), usedforsecurity=False).hexdigest()

    return [upload for upload in uploads if etags.get(upload.key) != digest(upload.path)]


def _chunks(keys: list[str], size: int) -> Iterator[list[str]]:
    return (keys[start : start + size] for start in range(0, len(keys), size))
