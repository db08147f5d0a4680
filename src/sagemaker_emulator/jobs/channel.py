"""An input channel as a request describes it, and AWS's rules for it. Pure: S3 is read by `input_objects`."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeVar

from sagemaker_emulator.aws_clients.clients import S3Location

T = TypeVar("T")


class InputError(Exception):
    """A channel that AWS refuses, or whose data cannot be brought to the container. The text is AWS's where known."""


@dataclass(frozen=True)
class Channel:
    """One entry of InputDataConfig. `uri` is the text of the request, which AWS's messages repeat."""

    name: str
    data_type: str
    uri: str
    location: S3Location
    distribution: str
    input_mode: str
    content_type: str | None
    record_wrapper: str
    compression: str
    attribute_names: tuple[str, ...]
    shuffle_seed: int | None

    @classmethod
    def from_request(cls, wire: dict[str, Any], default_mode: str) -> Channel:
        """InputError for what AWS refuses, and for what is not emulated."""
        source = wire["DataSource"].get("S3DataSource")
        if source is None:
            raise InputError(f"Channel {wire['ChannelName']!r}: only S3DataSource is emulated")
        try:
            location = S3Location.parse(source["S3Uri"])
        except ValueError as error:
            raise InputError(str(error)) from error
        channel = cls(
            name=wire["ChannelName"],
            data_type=source["S3DataType"],
            uri=source["S3Uri"],
            location=location,
            distribution=source.get("S3DataDistributionType", "FullyReplicated"),
            input_mode=wire.get("InputMode", default_mode),
            content_type=wire.get("ContentType"),
            record_wrapper=wire.get("RecordWrapperType", "None"),
            compression=wire.get("CompressionType", "None"),
            attribute_names=tuple(source.get("AttributeNames", ())),
            shuffle_seed=wire["ShuffleConfig"]["Seed"] if "ShuffleConfig" in wire else None,
        )
        channel._refuse_contradictions(source)
        return channel

    def _refuse_contradictions(self, source: dict[str, Any]) -> None:
        """Source: the API reference's S3DataSource and Channel."""
        augmented = self.is_augmented
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
    def is_augmented(self) -> bool:
        return self.data_type == "AugmentedManifestFile"

    @property
    def piped(self) -> bool:
        return self.input_mode == "Pipe"

    @property
    def wrapped(self) -> bool:
        return self.record_wrapper == "RecordIO"

    def container_config(self) -> dict[str, str]:
        """Return the channel's entry in inputdataconfig.json."""
        config = {
            "TrainingInputMode": self.input_mode,
            "S3DistributionType": self.distribution,
            "RecordWrapperType": self.record_wrapper,
        }
        return config if self.content_type is None else {"ContentType": self.content_type, **config}

    def share(self, items: Iterator[T], host_index: int, host_count: int, epoch: int) -> Iterator[T]:
        """Return the items that one host receives, in the order of this epoch. Lazy, unless they are shuffled."""
        if self.shuffle_seed is not None:
            shuffled = list(items)
            random.Random(self.shuffle_seed + epoch).shuffle(shuffled)  # noqa: S311 - an order, not a secret
            items = iter(shuffled)
        return islice(items, host_index, None, host_count) if self.distribution == "ShardedByS3Key" else items
