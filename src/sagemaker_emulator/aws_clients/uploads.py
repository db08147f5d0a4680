"""Uploads of files that containers left."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from boto3.exceptions import Boto3Error, S3UploadFailedError
from botocore.exceptions import ClientError

from safety.left_files import Entry, NotAFile
from sagemaker_emulator.aws_clients.clients import S3Location, cause_of


class UploadFailed(Boto3Error):  # type: ignore[misc]  # boto3 has no types
    """S3's refusal of a file, which is the `__cause__`. The text names the object, and no file of this machine."""


def upload(s3: Any, entry: Entry, location: S3Location) -> bool:
    """Upload a file; return False if it is gone, or no regular file any more.

    The file is opened without following links, and the open file is sent: a container may replace it meanwhile.
    """
    with suppress(FileNotFoundError, NotADirectoryError, NotAFile), entry.open() as file:
        key = object_key(location.key)
        with naming(location.bucket, key):
            s3.upload_fileobj(file, location.bucket, key)
        return True
    return False


@contextmanager
def naming(bucket: str, key: str) -> Iterator[None]:
    """Raise UploadFailed, in AWS's words, for an upload that S3 refuses."""
    try:
        yield
    except (ClientError, S3UploadFailedError) as error:
        cause = cause_of(error)
        raise UploadFailed(f"Unable to upload file to s3://{bucket}/{key} ({cause})") from cause


def object_key(path: str) -> str:
    """Return the key for a path: bytes that are not UTF-8, which no key can have, are written as in a URL."""
    return "".join(char if not 0xDC80 <= ord(char) <= 0xDCFF else f"%{os.fsencode(char)[0]:02X}" for char in path)
