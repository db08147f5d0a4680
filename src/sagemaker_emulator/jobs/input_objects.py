"""The objects of S3 that a channel has: those below a prefix, or those that a manifest names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs.channel import Channel, InputError
from sagemaker_emulator.jobs.manifests import S3Object, augmented_lines, manifest_objects

MISSING_CODES = ("NoSuchBucket", "NoSuchKey", "404")


def objects_of(
    s3: Any, channel: Channel, host_index: int = 0, host_count: int = 1, epoch: int = 0
) -> Iterator[S3Object]:
    """Return the objects of a channel that one host receives. Lazy: there may be more than fit in memory."""
    is_manifest = channel.data_type == "ManifestFile"
    objects = manifest_objects(s3, channel.location) if is_manifest else prefix_objects(s3, channel.location)
    return channel.share(objects, host_index, host_count, epoch)


def require_objects(s3: Any, channel: Channel) -> None:
    """InputError, in AWS's words, when the channel's URI matches no object."""
    objects: Iterator[Any] = augmented_lines(s3, channel.location) if channel.is_augmented else objects_of(s3, channel)
    try:
        if next(objects, None) is not None:
            return
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING_CODES:
            raise
    raise InputError(
        f'No S3 objects found under S3 URL "{channel.uri}" given in input data source. Please ensure that the bucket '
        'exists in the selected region, that objects exist under that S3 prefix, and that the role has "s3:ListBucket" '
        "permissions on the bucket."
    )


def prefix_objects(s3: Any, prefix: S3Location) -> Iterator[S3Object]:
    """Return the objects below a prefix, without the empty ones that stand for folders."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            if not key.endswith("/"):
                yield S3Object(S3Location(prefix.bucket, key), path_in_channel(prefix.key, key))


def path_in_channel(prefix: str, key: str) -> str:
    """Return a key without its prefix's folder. `train` matches `train/a.png` (a.png) and `train.lst` (train.lst)."""
    rest = key.removeprefix(prefix)
    if prefix == "" or prefix.endswith("/") or rest.startswith("/"):
        return rest.lstrip("/")
    return PurePosixPath(prefix).name + rest
