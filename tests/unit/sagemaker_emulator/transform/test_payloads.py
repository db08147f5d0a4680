"""The records of a batch transform's input, and the requests that they are packed into."""

import io
import struct
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sagemaker_emulator.transform.payloads import (
    SPLITTERS,
    Payload,
    Record,
    RecordError,
    payloads,
)

MAGIC = struct.pack("<I", 0xCED7230A)
ENDS_EARLY = "^the file ends in the middle of a record$"
NO_NEWLINES = st.binary(max_size=9).filter(lambda content: not {10, 13} & {*content})


def record_io(content: bytes, flag: int = 0) -> bytes:
    return MAGIC + struct.pack("<I", flag << 29 | len(content)) + content + bytes(-len(content) % 4)


def tf_record(content: bytes) -> bytes:
    return struct.pack("<Q", len(content)) + b"crc1" + content + b"crc2"


def line(content: bytes) -> bytes:
    return content + b"\n"


WRITERS: dict[str, Callable[[bytes], bytes]] = {"Line": line, "RecordIO": record_io, "TFRecord": tf_record}


def split(split_type: str, file: bytes, limit: int = 0) -> list[Record]:
    return list(SPLITTERS[split_type](io.BytesIO(file), limit))


@pytest.mark.parametrize("split_type", WRITERS)
@settings(max_examples=25)
@given(contents=st.lists(NO_NEWLINES, max_size=4))
def test_a_file_is_split_into_the_records_it_was_written_from(split_type: str, contents: list[bytes]) -> None:
    pieces = [WRITERS[split_type](content) for content in contents]
    records = split(split_type, b"".join(pieces))
    assert records == [Record(content, piece) for content, piece in zip(contents, pieces, strict=True)]


@pytest.mark.parametrize(
    ("file", "contents"),
    [
        (b"", []),
        (b"a\nb", [b"a", b"b"]),
        (b"a\r\nb\r\n", [b"a", b"b"]),
        (b"\n\na", [b"", b"", b"a"]),
        (b"a\rb\n", [b"a\rb"]),
        (b"a\r\r\n", [b"a\r"]),
    ],
)
def test_a_line_ends_with_a_newline_of_unix_or_windows(file: bytes, contents: list[bytes]) -> None:
    records = split("Line", file)
    assert [record.content for record in records] == contents
    assert b"".join(record.raw for record in records) == file


def test_a_line_that_is_too_long_is_not_read_whole() -> None:
    first = next(SPLITTERS["Line"](io.BytesIO(b"x" * 100), 5))
    assert len(first.raw) == 8
    assert split("Line", b"12345\r\n", 5) == [Record(b"12345", b"12345\r\n")]


def test_a_record_in_parts_is_joined_by_the_magic_that_it_was_split_at() -> None:
    file = record_io(b"one", 1) + record_io(b"two", 2) + record_io(b"three", 3) + record_io(b"next")
    first, second = split("RecordIO", file)
    assert first == Record(b"one" + MAGIC + b"two" + MAGIC + b"three", file.removesuffix(second.raw))
    assert second.content == b"next"


@pytest.mark.parametrize("file", [b"1234", b"12345678", MAGIC, record_io(b"one") + b"12345678", MAGIC[::-1] + bytes(4)])
def test_a_file_without_the_magic_is_not_record_io(file: bytes) -> None:
    with pytest.raises(RecordError, match=r"^the file is not RecordIO$"):
        split("RecordIO", file)


@pytest.mark.parametrize(
    ("split_type", "file", "cut"),
    [
        ("RecordIO", record_io(b"one"), 1),
        ("RecordIO", record_io(b"one"), 2),
        ("TFRecord", tf_record(b"one"), 1),
        ("TFRecord", tf_record(b"one"), 5),
        ("TFRecord", tf_record(b"one"), 8),
        ("TFRecord", tf_record(b""), 5),
        ("TFRecord", tf_record(b""), 10),
    ],
)
def test_a_file_that_ends_in_the_middle_of_a_record_is_refused(split_type: str, file: bytes, cut: int) -> None:
    with pytest.raises(RecordError, match=ENDS_EARLY):
        split(split_type, file[:-cut])


@pytest.mark.parametrize("split_type", ["RecordIO", "TFRecord"])
def test_a_record_that_says_it_is_too_large_is_not_read(split_type: str) -> None:
    file = WRITERS[split_type](b"123456")
    assert [record.content for record in split(split_type, file, 6)] == [b"123456"]
    with pytest.raises(RecordError, match=r"^Too much data for max payload size of 5 bytes$"):
        split(split_type, file[:16], 5)


@pytest.mark.parametrize("length", [2**63, 2**64 - 1])
def test_a_record_larger_than_memory_is_refused_also_without_a_limit(length: int) -> None:
    with pytest.raises(RecordError) as refused:
        split("TFRecord", struct.pack("<Q", length) + b"crc1")
    assert str(refused.value) == f"the file has a record of {length} bytes, which is more than memory holds"


def lines(*contents: bytes, origin: bytes | None = None) -> Iterator[Record]:
    return (Record(content, line(content), origin) for content in contents)


@pytest.mark.parametrize(
    ("limit", "bodies"),
    [
        (0, [b"a\nbb\nccc\n"]),
        (3, [b"a\n", b"bb\n", b"ccc\n"]),
        (4, [b"a\n", b"bb\n", b"ccc\n"]),
        (5, [b"a\nbb\n", b"ccc\n"]),
        (8, [b"a\nbb\n", b"ccc\n"]),
        (9, [b"a\nbb\nccc\n"]),
    ],
)
def test_as_many_records_as_fit_go_into_one_payload(limit: int, bodies: list[bytes]) -> None:
    made = payloads(lines(b"a", b"bb", b"ccc"), one_each=False, limit=limit, keeps_records=False)
    assert list(made) == [Payload(body, ()) for body in bodies]


@pytest.mark.parametrize("limit", [0, 3, 100])
def test_a_payload_of_one_record_has_no_newline(limit: int) -> None:
    made = payloads(lines(b"a", b"", b"ccc"), one_each=True, limit=limit, keeps_records=False)
    assert [payload.body for payload in made] == [b"a", b"", b"ccc"]


@pytest.mark.parametrize("one_each", [True, False])
def test_a_record_over_the_limit_is_refused(one_each: bool) -> None:
    made = payloads(lines(b"a", b"1234"), one_each=one_each, limit=3, keeps_records=False)
    with pytest.raises(RecordError, match=r"^Too much data for max payload size of 3 bytes$"):
        list(made)


def test_the_records_of_a_payload_are_kept_as_they_were_before_the_filter() -> None:
    records = [*lines(b"a", b"b"), *lines(b"c", origin=b"whole c")]
    made = list(payloads(iter(records), one_each=False, limit=4, keeps_records=True))
    assert made == [Payload(b"a\nb\n", (b"a", b"b")), Payload(b"c\n", (b"whole c",))]
    assert [payload.records for payload in payloads(iter(records), True, 4, True)] == [(b"a",), (b"b",), (b"whole c",)]


def test_without_records_there_is_no_payload() -> None:
    assert list(payloads(iter(()), one_each=False, limit=0, keeps_records=True)) == []


@settings(max_examples=50)
@given(contents=st.lists(NO_NEWLINES, max_size=6), limit=st.integers(9, 30))
def test_payloads_lose_nothing_and_keep_the_limit(contents: list[bytes], limit: int) -> None:
    bodies = [payload.body for payload in payloads(lines(*contents), False, limit, False)]
    assert b"".join(bodies) == b"".join(map(line, contents))
    assert all(len(body) <= limit or body.count(b"\n") == 1 for body in bodies)
