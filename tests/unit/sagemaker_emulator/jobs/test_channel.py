"""Input channels: the rules of AWS's API reference, each host's share, the entry in inputdataconfig.json."""

from __future__ import annotations

from typing import Any

import pytest

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.jobs.channel import Channel, InputError

URI = "s3://bucket/train/"


def channel(source: dict[str, Any] | None = None, mode: str = "File", **members: Any) -> Channel:
    s3_source = {"S3DataType": "S3Prefix", "S3Uri": URI, **(source or {})}
    wire = {"ChannelName": "train", "DataSource": {"S3DataSource": s3_source}, **members}
    return Channel.from_request(wire, mode)


def test_a_channel_has_awss_defaults() -> None:
    assert channel() == Channel(
        name="train",
        data_type="S3Prefix",
        uri=URI,
        location=S3Location("bucket", "train/"),
        distribution="FullyReplicated",
        input_mode="File",
        content_type=None,
        record_wrapper="None",
        compression="None",
        attribute_names=(),
        shuffle_seed=None,
    )


def test_the_mode_of_a_channel_precedes_that_of_the_job() -> None:
    assert channel(mode="Pipe").piped
    assert not channel(mode="Pipe", InputMode="File").piped


AUGMENTED = {"S3DataType": "AugmentedManifestFile", "AttributeNames": ["source-ref"]}


@pytest.mark.parametrize(
    ("source", "mode", "members", "text"),
    [
        ({"S3DataType": "Converse"}, "File", {}, "S3DataType Converse is not emulated"),
        ({"InstanceGroupNames": ["a"]}, "File", {}, "InstanceGroupNames is not emulated"),
        (AUGMENTED, "File", {}, "AugmentedManifestFile can only be used if the channel's input mode is Pipe"),
        ({"S3DataType": "AugmentedManifestFile"}, "Pipe", {}, "AugmentedManifestFile needs AttributeNames"),
        ({"AttributeNames": ["a"]}, "Pipe", {}, "AttributeNames can only be used with AugmentedManifestFile"),
        ({}, "File", {"CompressionType": "Gzip"}, "CompressionType Gzip can only be used in Pipe input mode"),
        ({}, "File", {"RecordWrapperType": "RecordIO"}, "RecordWrapperType RecordIO can only be used in Pipe"),
        ({"S3Uri": "https://example.com/x"}, "File", {}, "'https://example.com/x' is not an S3 URI"),
    ],
)
def test_a_contradictory_channel_is_refused(
    source: dict[str, Any], mode: str, members: dict[str, Any], text: str
) -> None:
    with pytest.raises(InputError, match=text):
        channel(source, mode, **members)


@pytest.mark.parametrize(
    ("source", "members"),
    [(AUGMENTED, {}), ({}, {"CompressionType": "Gzip"}), ({}, {"RecordWrapperType": "RecordIO"})],
)
def test_pipe_mode_allows_augmented_manifests_gzip_and_records(source: Any, members: Any) -> None:
    assert channel(source, "Pipe", **members).piped


def test_a_channel_without_an_s3_source_is_refused() -> None:
    wire = {"ChannelName": "train", "DataSource": {"FileSystemDataSource": {}}}
    with pytest.raises(InputError, match="'train': only S3DataSource is emulated"):
        Channel.from_request(wire, "File")


def test_every_host_receives_everything_unless_keys_are_sharded() -> None:
    replicated, sharded = channel(), channel({"S3DataDistributionType": "ShardedByS3Key"})
    assert list(replicated.share(iter("abcde"), 1, 2, 0)) == list("abcde")
    assert [list(sharded.share(iter("abcde"), host, 2, 0)) for host in (0, 1)] == [list("ace"), list("bd")]


def test_a_shuffled_channel_has_a_different_but_reproducible_order_in_each_epoch() -> None:
    shuffled = channel(mode="Pipe", ShuffleConfig={"Seed": 7})
    epochs = ["".join(shuffled.share(iter("abcdefgh"), 0, 1, epoch)) for epoch in (0, 1, 0)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == list("abcdefgh")
    assert epochs[0] == epochs[2] != epochs[1]


def test_hosts_share_the_same_shuffled_order() -> None:
    shuffled = channel({"S3DataDistributionType": "ShardedByS3Key"}, "Pipe", ShuffleConfig={"Seed": 7})
    shares = [set(shuffled.share(iter("abcdefgh"), host, 2, 3)) for host in (0, 1)]
    assert shares[0] | shares[1] == set("abcdefgh")
    assert not shares[0] & shares[1]


def test_the_container_reads_mode_distribution_and_wrapper() -> None:
    config = {"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated", "RecordWrapperType": "None"}
    assert channel().container_config() == config
    assert channel(ContentType="image/png").container_config() == {"ContentType": "image/png", **config}
