"""Uploads to S3: of files that containers left, and of the emulator's own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
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
        with _in_awss_words(location.bucket, key):
            s3.upload_fileobj(file, location.bucket, key)
        return True
    return False


def upload_file(s3: Any, path: Path, location: S3Location) -> None:
    """Upload a file that the emulator itself has written."""
    with _in_awss_words(location.bucket, location.key):
        s3.upload_file(str(path), location.bucket, location.key)


@contextmanager
def _in_awss_words(bucket: str, key: str) -> Iterator[None]:
    """Raise UploadFailed for an upload that S3 refuses."""
    try:
        yield
    except (ClientError, S3UploadFailedError) as error:
        cause = cause_of(error)
        raise UploadFailed(f"Unable to upload file to s3://{bucket}/{key} ({cause})") from cause


def object_key(path: str) -> str:
    """Return the key for a path: bytes that are not UTF-8, which no key can have, are written as in a URL."""
    return "".join(char if not 0xDC80 <= ord(char) <= 0xDCFF else f"%{os.fsencode(char)[0]:02X}" for char in path)
