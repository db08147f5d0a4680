"""The newest files of folders of S3 that have a folder for each hour, as data capture and ground truth have."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.aws.client import NAMED_S, Aws

FILES_MAX = 20_000
LISTED_PAGES = 100
KEPT_LISTING_S = 2.0


@dataclass(frozen=True)
class File:
    """An object whose name ends in `.jsonl`, when it was written, and its version (the ETag)."""

    key: str
    time: datetime | None
    version: str


def file_of(described: Mapping[str, Any]) -> File:
    return File(described["Key"], described.get("LastModified"), described.get("ETag", ""))


def by_key(file: File) -> str:
    return file.key


@dataclass
class Listing:
    """A search for the newest files in folders of hours, which ends at a time of the monotonic clock.

    S3 lists keys in ascending order, so folders (`<variant>/yyyy/mm/dd/hh/`) are listed one by one, the newest first.
    `order` sorts the files of one folder.
    """

    aws: Aws
    bucket: str
    ends: float = math.inf
    order: Callable[[File], str] = by_key
    is_cut: bool = False

    async def files(self, prefix: str) -> list[str]:
        """Return the keys of the newest capture files of an endpoint, the newest first."""
        files, variants = await self._listed(prefix, KEPT_LISTING_S)
        for variant in variants:
            files += await self.newest(variant, FILES_MAX // len(variants), KEPT_LISTING_S)
        return sorted(map(by_key, files), key=lambda key: path_in_variant(key, prefix), reverse=True)

    async def newest(self, folder: str, wanted: int, keep_s: float) -> list[File]:
        """Return the newest files of a folder, the newest hour first. The newest hour's are kept for `keep_s`."""
        files, folders = await self._listed(folder, keep_s)
        files = sorted(files, key=self.order, reverse=True)[:wanted]
        for each in sorted(folders, reverse=True):
            if len(files) >= wanted:
                break
            if files and time.monotonic() >= self.ends:
                self.is_cut = True  # the next search goes on: S3's answers are kept
                break
            files += await self.newest(each, wanted - len(files), keep_s)
            keep_s = NAMED_S  # hours before the newest hardly change
        return files

    async def _listed(self, folder: str, keep_s: float) -> tuple[list[File], list[str]]:
        """Return the files and the folders that are directly in a folder."""
        files: list[File] = []
        folders: list[str] = []
        request = {"Bucket": self.bucket, "Prefix": folder, "Delimiter": "/"}
        for _ in range(LISTED_PAGES):
            answer = await self.aws.call("s3", "list_objects_v2", keep_s, **request)
            files += [file_of(each) for each in answer.get("Contents", ()) if each["Key"].endswith(".jsonl")]
            folders += [each["Prefix"] for each in answer.get("CommonPrefixes", ())]
            if not answer.get("NextContinuationToken"):
                break
            request["ContinuationToken"] = answer["NextContinuationToken"]
        return files, folders


def path_in_variant(key: str, prefix: str) -> str:
    """Return a key's path after the variant's name: it begins with the hour."""
    return key.removeprefix(prefix).partition("/")[2]
