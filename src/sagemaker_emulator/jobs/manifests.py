"""The two kinds of manifest that name a channel's objects: ManifestFile and AugmentedManifestFile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs.channel import InputError


@dataclass(frozen=True)
class S3Object:
    """One object, and its path below the channel's directory."""

    location: S3Location
    relative_path: str


def manifest_objects(s3: Any, manifest: S3Location) -> Iterator[S3Object]:
    """Yield the objects of a ManifestFile: `[{"prefix": "s3://bucket/folder/"}, "a.png", "b/c.png"]`.

    Source: the API reference's S3DataSource.
    """
    entries = _entries(s3, manifest)
    base = S3Location.parse(entries[0]["prefix"])
    for name in entries[1:]:
        if not isinstance(name, str) or not name:
            raise InputError(
                f"The manifest {manifest} has an entry that is not a relative key: {json.dumps(name)[:100]}"
            )
        yield S3Object(S3Location(base.bucket, base.key + name), name.lstrip("/"))


def _entries(s3: Any, manifest: S3Location) -> list[Any]:
    body = s3.get_object(Bucket=manifest.bucket, Key=manifest.key)["Body"].read()
    try:
        entries = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError(f"The manifest {manifest} is not JSON: {error}") from error
    has_prefix = isinstance(entries, list) and entries and isinstance(entries[0], dict) and "prefix" in entries[0]
    if not has_prefix or not str(entries[0]["prefix"]).startswith("s3://"):
        raise InputError(
            f'The manifest {manifest} must be a JSON array that begins with {{"prefix": "s3://<bucket>/<prefix>"}}'
        )
    return list(entries)


def augmented_lines(s3: Any, manifest: S3Location) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of an AugmentedManifestFile line by line: it may be larger than memory."""
    body = s3.get_object(Bucket=manifest.bucket, Key=manifest.key)["Body"]
    for number, line in enumerate(body.iter_lines(), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"Line {number} of the augmented manifest {manifest} is not JSON: {error}") from error
        if not isinstance(entry, dict):
            raise InputError(f"Line {number} of the augmented manifest {manifest} is not a JSON object")
        yield entry
