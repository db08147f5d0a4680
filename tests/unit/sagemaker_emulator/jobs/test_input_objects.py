"""The objects of channels: prefixes, manifests, and channels that match nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.sagemaker_emulator.in_memory_s3 import InMemoryS3

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs.channel import Channel, InputError
from sagemaker_emulator.jobs.input_objects import objects_of, path_in_channel, require_objects
from sagemaker_emulator.jobs.manifests import augmented_lines, manifest_objects

MANIFEST = S3Location("bucket", "manifest")


def channel(uri: str, data_type: str = "S3Prefix", **source: Any) -> Channel:
    wire = {"S3DataType": data_type, "S3Uri": uri, **source}
    return Channel.from_request({"ChannelName": "train", "DataSource": {"S3DataSource": wire}}, "Pipe")


@pytest.mark.parametrize(
    ("prefix", "key", "path"),
    [
        ("", "a/b.png", "a/b.png"),
        ("train/", "train/a.png", "a.png"),
        ("train", "train/a.png", "a.png"),
        ("train", "train.lst", "train.lst"),
        ("data/train", "data/train-2/a.png", "train-2/a.png"),
        ("data/train.lst", "data/train.lst", "train.lst"),
    ],
)
def test_the_path_of_a_key_is_below_the_folder_of_its_prefix(prefix: str, key: str, path: str) -> None:
    assert path_in_channel(prefix, key) == path


def test_a_prefix_has_all_its_objects_but_not_the_markers_of_folders() -> None:
    s3 = InMemoryS3({"train/": b"", "train/a": b"", "train/b/": b"", "train/b/c": b"", "train/d": b"", "other": b""})
    paths = [item.relative_path for item in objects_of(s3, channel("s3://bucket/train/"))]
    assert paths == ["a", "b/c", "d"]


def test_hosts_share_the_objects_of_a_sharded_prefix() -> None:
    s3 = InMemoryS3({f"train/{name}": b"" for name in "abc"})
    sharded = channel("s3://bucket/train/", S3DataDistributionType="ShardedByS3Key")
    assert [[item.relative_path for item in objects_of(s3, sharded, host, 2)] for host in (0, 1)] == [["a", "c"], ["b"]]


def test_a_manifest_names_objects_below_its_prefix() -> None:
    entries = [{"prefix": "s3://other/folder-"}, "a.png", "/b/c.png"]
    s3 = InMemoryS3({"manifest": json.dumps(entries).encode()})
    items = list(objects_of(s3, channel("s3://bucket/manifest", "ManifestFile")))
    assert [(str(item.location), item.relative_path) for item in items] == [
        ("s3://other/folder-a.png", "a.png"),
        ("s3://other/folder-/b/c.png", "b/c.png"),
    ]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"[", "is not JSON"),
        (b"{}", "must be a JSON array that begins with"),
        (b"[]", "must be a JSON array that begins with"),
        (b'["a.png"]', "must be a JSON array that begins with"),
        (b'[{"other": 1}]', "must be a JSON array that begins with"),
        (b'[{"prefix": "https://x/"}]', "must be a JSON array that begins with"),
        (b'[{"prefix": "s3://b/"}, 7]', "an entry that is not a relative key: 7"),
        (b'[{"prefix": "s3://b/"}, ""]', 'an entry that is not a relative key: ""'),
    ],
)
def test_a_broken_manifest_is_refused(body: bytes, text: str) -> None:
    with pytest.raises(InputError, match=text):
        list(manifest_objects(InMemoryS3({"manifest": body}), MANIFEST))


def test_an_augmented_manifest_is_read_line_by_line_without_empty_lines() -> None:
    s3 = InMemoryS3({"manifest": b'{"label": 1}\n\n{"label": 2}\n'})
    assert list(augmented_lines(s3, MANIFEST)) == [{"label": 1}, {"label": 2}]


@pytest.mark.parametrize(
    ("body", "text"), [(b'{"a": 1}\n{', "Line 2 .* is not JSON"), (b"[1]\n", "Line 1 .* is not a JSON object")]
)
def test_a_broken_line_of_an_augmented_manifest_is_named(body: bytes, text: str) -> None:
    with pytest.raises(InputError, match=text):
        list(augmented_lines(InMemoryS3({"manifest": body}), MANIFEST))


@pytest.mark.parametrize(
    ("data_type", "more"),
    [("S3Prefix", {}), ("ManifestFile", {}), ("AugmentedManifestFile", {"AttributeNames": ["a"]})],
)
def test_a_channel_without_objects_is_refused_in_awss_words(data_type: str, more: dict[str, Any]) -> None:
    with pytest.raises(InputError, match='No S3 objects found under S3 URL "s3://bucket/none" given in input'):
        require_objects(InMemoryS3({"other": b""}), channel("s3://bucket/none", data_type, **more))


def test_a_channel_with_objects_is_accepted_and_none_of_them_is_read() -> None:
    s3 = InMemoryS3({"train/a": b""})
    require_objects(s3, channel("s3://bucket/train"))
    assert s3.reads == []
