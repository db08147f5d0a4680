"""The folders of S3 that have captured data, or ground truth, of some hours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location


@dataclass(frozen=True)
class DataFolder:
    """A folder of one hour: its URI, and its path below the folder of all data."""

    uri: str
    path: str


def captured_folders(
    s3: Any, destination: str, endpoint: str, hours: Iterable[str], watch: Callable[[], None] = lambda: None
) -> list[DataFolder]:
    """Return the folders `<endpoint>/<variant>/yyyy/mm/dd/hh` below the destination of data capture.

    `watch` is called before each request; if it raises, the search ends.
    """
    root, wanted = S3Location.parse(destination), list(hours)
    variants = _folders(s3, root.joined(endpoint))
    paths = (f"{endpoint}/{variant}/{hour}" for variant in variants for hour in wanted)
    return _with_objects(s3, root, paths, watch)


def ground_truth_folders(
    s3: Any, uri: str, hours: Iterable[str], watch: Callable[[], None] = lambda: None
) -> list[DataFolder]:
    """Return the folders `yyyy/mm/dd/hh` below the URI of the ground truth. `watch` is as for captured data."""
    return _with_objects(s3, S3Location.parse(uri), hours, watch)


def _folders(s3: Any, prefix: S3Location) -> Iterator[str]:
    key = f"{prefix.key}/"
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=key, Delimiter="/")
    for page in pages:
        for entry in page.get("CommonPrefixes", ()):
            yield entry["Prefix"].removeprefix(key).rstrip("/")


def _with_objects(s3: Any, root: S3Location, paths: Iterable[str], watch: Callable[[], None]) -> list[DataFolder]:
    folders = []
    for path in paths:
        watch()
        location = root.joined(path)
        listing = s3.list_objects_v2(Bucket=location.bucket, Prefix=f"{location.key}/", MaxKeys=1)
        if listing.get("Contents"):
            folders.append(DataFolder(f"s3://{location.bucket}/{location.key}", path))
    return folders
