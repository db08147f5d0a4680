"""An S3 of a few objects in memory, for code that only lists and reads."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError
from botocore.response import StreamingBody


class InMemoryS3:
    """`objects` are bodies by key, all in one bucket. `reads` are the keys that were read, in order."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects, self.reads = objects, list[str]()

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.reads.append(Key)
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "missing"}}, "GetObject")
        body = self.objects[Key]
        return {"Body": StreamingBody(io.BytesIO(body), len(body)), "ContentLength": len(body)}

    def get_paginator(self, _: str) -> InMemoryS3:
        return self

    def paginate(self, Bucket: str, Prefix: str) -> Iterator[dict[str, Any]]:  # noqa: N803 - boto3's names
        keys = sorted(key for key in self.objects if key.startswith(Prefix))
        if not keys:
            yield {}
        for start in range(0, len(keys), 2):
            yield {"Contents": [{"Key": key} for key in keys[start : start + 2]]}


def packed(content: bytes) -> bytes:
    return gzip.compress(content)
