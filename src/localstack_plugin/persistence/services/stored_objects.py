"""Compare S3's objects with their files when a state is loaded."""

from collections.abc import Iterator
from typing import Any

from localstack.services.s3.models import S3Bucket, S3DeleteMarker, VersionedKeyStore, s3_stores

from localstack_plugin.persistence.object_files import STORED_AS, ObjectFolder


def drop_incomplete(files: ObjectFolder) -> Iterator[str]:
    """Drop objects and parts whose file is missing or has another size; yield their paths."""
    for bucket in list(_buckets()):
        for key, version, each in list(_objects(bucket)):
            if not isinstance(each, S3DeleteMarker) and not files.has(getattr(each, STORED_AS, None), each.size):
                _drop(bucket, key, version)
                yield f"s3://{bucket.name}/{key}"
        for upload in bucket.multiparts.values():
            for number, part in list(upload.parts.items()):
                if not files.has(getattr(part, STORED_AS, None), part.size):
                    del upload.parts[number]
                    yield f"part {number} of s3://{bucket.name}/{upload.object.key}"


def file_names() -> set[str]:
    """Return the names of the files of all objects and parts."""
    return {
        name
        for bucket in _buckets()
        for each in (
            *(each for _, _, each in _objects(bucket)),
            *(upload.object for upload in bucket.multiparts.values()),
            *(part for upload in bucket.multiparts.values() for part in upload.parts.values()),
        )
        if (name := getattr(each, STORED_AS, None))
    }


def _buckets() -> Iterator[S3Bucket]:
    for regions in s3_stores.values():
        yield from regions._global.get("buckets", {}).values()


def _objects(bucket: S3Bucket) -> Iterator[tuple[str, str | None, Any]]:
    for key, each in bucket.objects._store.items():
        if isinstance(bucket.objects, VersionedKeyStore):
            yield from ((key, version, versioned) for version, versioned in each.items())
        else:
            yield key, None, each


def _drop(bucket: S3Bucket, key: str, version: str | None) -> None:
    if version is None:
        del bucket.objects._store[key]
        return
    versions = bucket.objects._store[key]
    del versions[version]
    if not versions:
        del bucket.objects._store[key]
