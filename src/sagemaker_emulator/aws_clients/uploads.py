"""Uploads of files that containers left."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from safety.left_files import Entry, NotAFile
from sagemaker_emulator.aws_clients.clients import S3Location


def upload(s3: Any, entry: Entry, location: S3Location) -> bool:
    """Upload a file; return False if it is gone, or no regular file any more.

    The file is opened without following links, and the open file is sent: a container may replace it meanwhile.
    """
    with suppress(FileNotFoundError, NotADirectoryError, NotAFile), entry.open() as file:
        s3.upload_fileobj(file, location.bucket, object_key(location.key))
        return True
    return False


def object_key(path: str) -> str:
    """Return the key for a path: bytes that are not UTF-8, which no key can have, are written as in a URL."""
    return "".join(char if not 0xDC80 <= ord(char) <= 0xDCFF else f"%{os.fsencode(char)[0]:02X}" for char in path)
