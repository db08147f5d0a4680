import struct

import pytest

from image_classification.data.recordio_format import (
    MAGIC,
    BrokenRecordError,
    beginning,
    content,
    image_header,
    parse_frame,
    records,
)
from image_classification.data.shared_file import SharedFile

from ..recordio_files import image_record, part, record


def contents(data: bytes) -> list[bytes]:
    file = SharedFile.temporary([data])
    return [content(file, entry) for entry in records(file)]


@pytest.mark.parametrize(
    "payload", [b"", b"a", b"abcd", b"abcde", MAGIC, b"four" + MAGIC, MAGIC * 3 + b"end", b"x" + MAGIC + b"unaligned"]
)
def test_content_is_read_as_it_was_written(payload: bytes) -> None:
    assert contents(record(payload) + record(b"next")) == [payload, b"next"]


def test_a_file_without_content_has_no_records() -> None:
    assert contents(b"") == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"abc", "the data ends in the head of record 0, at byte 0"),
        (record(b"one") + b"garbage!", "record 1, at byte 12, begins with b'garb' and not with the magic number"),
        (record(b"12345678")[:-1], "record 0 ends 1 bytes after the end of the data"),
        (part(2, b"abcd"), "record 0 has the parts of a divided record in a wrong order"),
        (part(1, b"abcd") + part(0, b"abcd"), "record 0 has the parts of a divided record in a wrong order"),
        (part(1, b"abcd") + part(2, b"abcd"), "record 0 is divided, and its last part is missing"),
    ],
)
def test_broken_records_are_refused_with_their_place(data: bytes, problem: str) -> None:
    with pytest.raises(BrokenRecordError) as error:
        contents(data)
    assert str(error.value) == problem


@pytest.mark.parametrize("flag", range(4))
def test_a_frame_has_a_flag_of_three_bits_and_a_length_of_29(flag: int) -> None:
    assert parse_frame(MAGIC + struct.pack("<I", flag << 29 | (2**29 - 1)), 0, 0) == (flag, 2**29 - 1)


def test_an_unknown_flag_is_refused() -> None:
    with pytest.raises(BrokenRecordError, match="has the unknown flag 4"):
        parse_frame(MAGIC + struct.pack("<I", 4 << 29), 0, 0)


@pytest.mark.parametrize("labels", [[1.0], [0.0, 1.0, 1.0]])
@pytest.mark.parametrize("image", [b"", b"image", b"image..." + MAGIC])
def test_the_header_of_an_image_has_labels_id_and_size(labels: list[float], image: bytes) -> None:
    file = SharedFile.temporary([image_record(labels, image, 7)])
    (entry,) = records(file)
    header = image_header(file, entry)
    assert (list(header.labels), header.id) == (labels, 7)
    assert content(file, entry)[header.size :] == image


def test_a_record_that_is_shorter_than_its_header_is_refused() -> None:
    for data, problem in (
        (bytes(23), "it has 23 bytes, too few for an image's header of 24"),
        (struct.pack("<IfQQ", 2, 0, 0, 0) + bytes(7), "it announces 2 labels, more than its 31 bytes can hold"),
    ):
        file = SharedFile.temporary([record(data)])
        (entry,) = records(file)
        with pytest.raises(BrokenRecordError, match=problem):
            image_header(file, entry)


def test_the_beginning_of_a_record_is_not_longer_than_the_record() -> None:
    file = SharedFile.temporary([record(b"abc") + record(b"abcd" + MAGIC + b"efgh")])
    whole, divided = records(file)
    assert [beginning(file, whole, length) for length in (2, 9)] == [b"ab", b"abc"]
    assert beginning(file, divided, 6) == b"abcd" + MAGIC[:2]
