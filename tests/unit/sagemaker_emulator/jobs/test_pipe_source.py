"""Pipe mode's bytes: objects one after another, as records, unpacked, and the attributes of augmented manifests."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.unit.sagemaker_emulator.in_memory_s3 import InMemoryS3, packed
from tests.waiting import until

from sagemaker_emulator.jobs import pipe_encodings
from sagemaker_emulator.jobs.channel import Channel, InputError
from sagemaker_emulator.jobs.pipe_mode import PipeFeeder, Source


def source(s3: InMemoryS3, key: str, data_type: str = "S3Prefix", more: Any = None, **members: Any) -> Source:
    wire = {"S3DataType": data_type, "S3Uri": f"s3://bucket/{key}", **(more or {})}
    channel = Channel.from_request({"ChannelName": "train", "DataSource": {"S3DataSource": wire}, **members}, "Pipe")
    return Source(s3, channel, 0, 1)


def record(content: bytes) -> bytes:
    return struct.pack("<II", 0xCED7230A, len(content)) + content + bytes(-len(content) % 4)


def test_objects_follow_one_another() -> None:
    s3 = InMemoryS3({"a": b"one", "b": b"two"})
    assert b"".join(source(s3, "").chunks(0)) == b"onetwo"


def test_objects_are_wrapped_as_records_padded_to_four_bytes() -> None:
    s3 = InMemoryS3({"a": b"one", "b": b"four", "c": b""})
    stream = source(s3, "", RecordWrapperType="RecordIO").chunks(0)
    assert b"".join(stream) == record(b"one") + record(b"four") + record(b"")


@pytest.mark.parametrize("wrapper", ["None", "RecordIO"])
def test_gzip_with_several_members_is_unpacked(wrapper: str) -> None:
    s3 = InMemoryS3({"a.gz": packed(b"one") + packed(b"two")})
    stream = source(s3, "a.gz", CompressionType="Gzip", RecordWrapperType=wrapper).chunks(0)
    assert b"".join(stream) == (record(b"onetwo") if wrapper == "RecordIO" else b"onetwo")


@pytest.mark.parametrize(
    ("body", "text"), [(b"not gzip", "is not Gzip"), (packed(b"one" * 100)[:-12], "ends in the middle of its Gzip")]
)
def test_broken_gzip_is_an_input_error(body: bytes, text: str) -> None:
    with pytest.raises(InputError, match=text):
        b"".join(source(InMemoryS3({"a.gz": body}), "a.gz", CompressionType="Gzip").chunks(0))


def test_an_object_too_large_for_a_record_is_refused() -> None:
    with pytest.raises(InputError, match="does not fit in a RecordIO record"):
        next(pipe_encodings.record([], pipe_encodings.LENGTH_MAX + 1))


def test_attributes_are_records_in_their_order_and_references_are_read() -> None:
    lines = [{"image-ref": "s3://bucket/a", "label": {"x": 1}, "name": "text", "other": 0}]
    s3 = InMemoryS3({"all": "\n".join(map(json.dumps, lines)).encode(), "a": b"pixels"})
    more = {"AttributeNames": ["name", "image-ref", "label"]}
    stream = source(s3, "all", "AugmentedManifestFile", more, RecordWrapperType="RecordIO").chunks(0)
    assert b"".join(stream) == record(b"text") + record(b"pixels") + record(b'{"x": 1}')


def test_a_line_without_an_attribute_is_named() -> None:
    s3 = InMemoryS3({"all": b'{"label": 1}\n'})
    with pytest.raises(InputError, match="has no attribute 'color'"):
        list(source(s3, "all", "AugmentedManifestFile", {"AttributeNames": ["color"]}).chunks(0))


@pytest.mark.usefixtures("no_garbage")
def test_a_line_that_is_nested_too_deeply_is_an_input_error() -> None:
    lines = b'{"label": 1}\n{"label": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    more = {"AttributeNames": ["label"]}
    stream = source(InMemoryS3({"all": lines}), "all", "AugmentedManifestFile", more).chunks(0)
    assert next(stream) == b"1"
    with pytest.raises(InputError, match="Line 2 of the augmented manifest s3://bucket/all is not JSON"):
        next(stream)


class Failing:
    """A source that fails with an unexpected error."""

    def __init__(self) -> None:
        self.channel = source(InMemoryS3({}), "").channel

    def chunks(self, _: int) -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError("unexpected")


def test_a_channel_that_breaks_off_fails_its_job(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    failed = threading.Event()
    feeder = PipeFeeder(cast(Source, Failing()), tmp_path, failed.set)
    assert (tmp_path / "train_0").read_bytes() == b"half"
    assert failed.wait(60)
    feeder.close()
    assert feeder.error == "The channel 'train' failed: RuntimeError('unexpected')"


def test_a_file_in_the_place_of_a_fifo_is_not_written(tmp_path: Path) -> None:
    feeder = PipeFeeder(source(InMemoryS3({"a": b"data"}), ""), tmp_path, lambda: None)
    (tmp_path / "train_0").unlink()
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "train_0").symlink_to(tmp_path / "victim")
    until(lambda: all(thread.name != "pipe train" for thread in threading.enumerate()), "the end of the channel")
    feeder.close()
    assert (tmp_path / "victim").read_text() == "untouched"
    assert feeder.error is None
