"""Training inputs: from S3 to `/opt/ml/input/data/<channel>/`, streamed to disk, many objects at once."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_emulator.aws import S3Location

WORKERS = 16


class InputError(Exception):
    """A channel cannot be brought to the container. The text is AWS's where it is known."""


@dataclass(frozen=True)
class Channel:
    """One entry of InputDataConfig."""

    name: str
    data_type: str
    uri: str
    distribution: str
    input_mode: str
    content_type: str | None
    record_wrapper: str

    @classmethod
    def from_request(cls, wire: dict[str, Any], default_mode: str) -> Channel:
        source = wire["DataSource"].get("S3DataSource")
        if source is None:
            raise InputError(f"Channel {wire['ChannelName']!r}: only S3DataSource is emulated")
        return cls(
            name=wire["ChannelName"],
            data_type=source["S3DataType"],
            uri=source["S3Uri"],
            distribution=source.get("S3DataDistributionType", "FullyReplicated"),
            input_mode=wire.get("InputMode", default_mode),
            content_type=wire.get("ContentType"),
            record_wrapper=wire.get("RecordWrapperType", "None"),
        )

    def container_config(self) -> dict[str, str]:
        """This channel as it stands in inputdataconfig.json."""
        config = {
            "TrainingInputMode": self.input_mode,
            "S3DistributionType": self.distribution,
            "RecordWrapperType": self.record_wrapper,
        }
        return config if self.content_type is None else {"ContentType": self.content_type, **config}


@dataclass(frozen=True)
class S3Object:
    location: S3Location
    relative_path: str


def objects_of(s3: Any, channel: Channel, host_index: int = 0, host_count: int = 1) -> Iterator[S3Object]:
    """The objects of a channel that one host receives, lazily: inputs may be larger than memory."""
    found = _manifest_objects(s3, channel) if channel.data_type == "ManifestFile" else _prefix_objects(s3, channel)
    if channel.distribution == "ShardedByS3Key":
        return islice(found, host_index, None, host_count)
    return found


def require_objects(s3: Any, channel: Channel) -> None:
    """InputError, with AWS's words, when the channel's URI matches no object."""
    try:
        if next(objects_of(s3, channel), None) is not None:
            return
    except ClientError as error:
        if error.response["Error"]["Code"] not in ("NoSuchBucket", "NoSuchKey", "404"):
            raise
    raise InputError(
        f"No S3 objects found under S3 URL {channel.uri!r} given in input data source. Please ensure that the bucket "
        'exists in the selected region, that objects exist under that S3 prefix, and that the role has "s3:ListBucket" '
        "permissions on the bucket."
    )


def download(s3: Any, objects: Iterator[S3Object], directory: Path, stopped: Callable[[], bool]) -> int:
    """Bring the objects under `directory`; how many came. Ends early when `stopped` says so."""
    count = 0
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="download") as pool:
        pending: set[Future[None]] = set()
        for item in objects:
            if stopped():
                break
            pending.add(pool.submit(_fetch, s3, item, directory))
            count += 1
            if len(pending) >= 4 * WORKERS:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                _raise_first(done)
        _raise_first(wait(pending).done)
    return count


def _raise_first(done: set[Future[None]]) -> None:
    for future in done:
        future.result()


def _fetch(s3: Any, item: S3Object, directory: Path) -> None:
    target = safe_path(directory, item.relative_path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        body = s3.get_object(Bucket=item.location.bucket, Key=item.location.key)["Body"]
        for chunk in body.iter_chunks(1 << 20):
            file.write(chunk)


def safe_path(directory: Path, relative: str) -> Path:
    """Where a key lands. A key such as `../../etc/passwd` must not leave the channel's directory."""
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise InputError(f"The object key {relative!r} leads outside its channel's directory; rename the object")
    return directory / path


def _prefix_objects(s3: Any, channel: Channel) -> Iterator[S3Object]:
    prefix = S3Location.parse(channel.uri)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            if not key.endswith("/"):
                yield S3Object(S3Location(prefix.bucket, key), _below(prefix.key, key))


def _below(prefix: str, key: str) -> str:
    """A key's path in the channel: without the prefix's folder; `train` matches `train/a.png` and `train.lst`."""
    rest = key.removeprefix(prefix)
    if prefix == "" or prefix.endswith("/"):
        return rest
    return rest.lstrip("/") if rest.startswith("/") else PurePosixPath(prefix).name + rest


def _manifest_objects(s3: Any, channel: Channel) -> Iterator[S3Object]:
    manifest = S3Location.parse(channel.uri)
    entries = json.loads(s3.get_object(Bucket=manifest.bucket, Key=manifest.key)["Body"].read())
    if not entries or not isinstance(entries[0], dict) or "prefix" not in entries[0]:
        raise InputError(f'The manifest {channel.uri} must begin with {{"prefix": "s3://<bucket>/<prefix>"}}')
    base = S3Location.parse(entries[0]["prefix"])
    for name in entries[1:]:
        yield S3Object(S3Location(base.bucket, base.key + name), name)
