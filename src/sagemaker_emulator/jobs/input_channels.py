"""Input channels: which objects of S3 a host receives, and their way to `/opt/ml/input/data/<channel>/`."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from botocore.exceptions import ClientError

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs import manifests
from sagemaker_emulator.jobs.manifests import InputError, S3Object

__all__ = ["Channel", "InputError", "S3Object", "download", "objects_of", "require_objects", "safe_path"]

WORKERS = 16
CHUNK_BYTES = 1 << 20
MISSING_CODES = ("NoSuchBucket", "NoSuchKey", "404")

T = TypeVar("T")


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
    compression: str = "None"
    attribute_names: tuple[str, ...] = ()
    shuffle_seed: int | None = None

    @classmethod
    def from_request(cls, wire: dict[str, Any], default_mode: str) -> Channel:
        """InputError for what AWS refuses, and for what is not emulated."""
        source = wire["DataSource"].get("S3DataSource")
        if source is None:
            raise InputError(f"Channel {wire['ChannelName']!r}: only S3DataSource is emulated")
        channel = cls(
            name=wire["ChannelName"],
            data_type=source["S3DataType"],
            uri=source["S3Uri"],
            distribution=source.get("S3DataDistributionType", "FullyReplicated"),
            input_mode=wire.get("InputMode", default_mode),
            content_type=wire.get("ContentType"),
            record_wrapper=wire.get("RecordWrapperType", "None"),
            compression=wire.get("CompressionType", "None"),
            attribute_names=tuple(source.get("AttributeNames", ())),
            shuffle_seed=wire["ShuffleConfig"]["Seed"] if "ShuffleConfig" in wire else None,
        )
        channel._refuse_what_cannot_be(source)
        return channel

    def _refuse_what_cannot_be(self, source: dict[str, Any]) -> None:
        """The rules of AWS's API reference: S3DataSource, Channel."""
        augmented = self.data_type == "AugmentedManifestFile"
        wrong = {
            "S3DataType Converse is not emulated": self.data_type == "Converse",
            "InstanceGroupNames is not emulated": "InstanceGroupNames" in source,
            "AugmentedManifestFile can only be used if the channel's input mode is Pipe": augmented and not self.piped,
            "AugmentedManifestFile needs AttributeNames": augmented and not self.attribute_names,
            "AttributeNames can only be used with AugmentedManifestFile": bool(self.attribute_names) and not augmented,
            "CompressionType Gzip can only be used in Pipe input mode": self.compression != "None" and not self.piped,
            "RecordWrapperType RecordIO can only be used in Pipe input mode": self.wrapped and not self.piped,
        }
        for text, is_wrong in wrong.items():
            if is_wrong:
                raise InputError(f"Invalid input data configuration for channel {self.name!r}: {text}.")

    @property
    def piped(self) -> bool:
        return self.input_mode == "Pipe"

    @property
    def wrapped(self) -> bool:
        return self.record_wrapper == "RecordIO"

    def container_config(self) -> dict[str, str]:
        """This channel as it stands in inputdataconfig.json."""
        config = {
            "TrainingInputMode": self.input_mode,
            "S3DistributionType": self.distribution,
            "RecordWrapperType": self.record_wrapper,
        }
        return config if self.content_type is None else {"ContentType": self.content_type, **config}

    def share(self, found: Iterator[T], host_index: int, host_count: int, epoch: int) -> Iterator[T]:
        """What one host receives of all, in the order of this epoch; lazily, unless the order is shuffled."""
        if self.shuffle_seed is not None:
            shuffled = list(found)
            random.Random(self.shuffle_seed + epoch).shuffle(shuffled)  # noqa: S311 - an order, not a secret
            found = iter(shuffled)
        return islice(found, host_index, None, host_count) if self.distribution == "ShardedByS3Key" else found


def objects_of(
    s3: Any, channel: Channel, host_index: int = 0, host_count: int = 1, epoch: int = 0
) -> Iterator[S3Object]:
    """The objects of a channel that one host receives, lazily: inputs may be larger than memory."""
    location = S3Location.parse(channel.uri)
    is_manifest = channel.data_type == "ManifestFile"
    found = manifests.manifest_objects(s3, location) if is_manifest else _prefix_objects(s3, location)
    return channel.share(found, host_index, host_count, epoch)


def require_objects(s3: Any, channel: Channel) -> None:
    """InputError, with AWS's words, when the channel's URI matches no object."""
    augmented = channel.data_type == "AugmentedManifestFile"
    found: Iterator[Any] = (
        manifests.augmented_lines(s3, S3Location.parse(channel.uri)) if augmented else objects_of(s3, channel)
    )
    try:
        if next(found, None) is not None:
            return
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING_CODES:
            raise
    raise InputError(
        f'No S3 objects found under S3 URL "{channel.uri}" given in input data source. Please ensure that the bucket '
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
            pending.add(pool.submit(_fetch, s3, item, directory, stopped))
            count += 1
            if len(pending) >= 4 * WORKERS:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                _raise_first(done)
        _raise_first(wait(pending).done)
    return count


def _raise_first(done: set[Future[None]]) -> None:
    for future in done:
        future.result()


def _fetch(s3: Any, item: S3Object, directory: Path, stopped: Callable[[], bool]) -> None:
    target = safe_path(directory, item.relative_path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as file:
            body = s3.get_object(Bucket=item.location.bucket, Key=item.location.key)["Body"]
            for chunk in body.iter_chunks(CHUNK_BYTES):
                file.write(chunk)
                if stopped():
                    return
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise InputError(
            f"Data download failed:Failed to download data. Cannot download {item.location}, a previously downloaded "
            "file/folder clashes with it. Please check your s3 objects and ensure that there is no object that is both "
            "a folder as well as a file."
        ) from error
    except OSError as error:
        raise InputError(f"Data download failed:Could not download {item.location}: {error.strerror}") from error
    except ClientError as error:
        if error.response["Error"]["Code"] not in MISSING_CODES:
            raise
        raise InputError(f"Data download failed:{item.location} does not exist") from error


def safe_path(directory: Path, relative: str) -> Path:
    """Where a key lands. A key such as `../../etc/passwd` must not leave the channel's directory."""
    path = PurePosixPath(relative)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise InputError(f"The object key {relative!r} leads outside its channel's directory; rename the object")
    return directory / path


def _prefix_objects(s3: Any, prefix: S3Location) -> Iterator[S3Object]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key):
        for entry in page.get("Contents", ()):
            key = entry["Key"]
            if not key.endswith("/"):
                yield S3Object(S3Location(prefix.bucket, key), _below(prefix.key, key))


def _below(prefix: str, key: str) -> str:
    """A key's path in the channel: without the prefix's folder; `train` matches `train/a.png` and `train.lst`."""
    rest = key.removeprefix(prefix)
    if prefix == "" or prefix.endswith("/") or rest.startswith("/"):
        return rest.lstrip("/")
    return PurePosixPath(prefix).name + rest
