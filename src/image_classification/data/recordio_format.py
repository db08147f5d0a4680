"""MXNet's RecordIO: how records lie in a file, and the header that an image's record begins with.

A record is `magic, flag and length, content, zeros up to a multiple of four`. Content that has the magic number at a
multiple of four is cut there into parts, flagged 1 (first), 2 (middle) and 3 (last); 0 is a whole record. An image's
content is `flag, label, id, id2` and then the image; a flag above 0 is the number of labels that stand before it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from image_classification.data.shared_file import StoredFile

MAGIC = struct.pack("<I", 0xCED7230A)
LENGTH_BITS = 29
FRAME, IMAGE_HEADER = struct.Struct("<4sI"), struct.Struct("<IfQQ")
WHOLE, FIRST, MIDDLE, LAST = range(4)


class BrokenRecordError(Exception):
    """The file is not RecordIO that can be read; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Record:
    """Where the parts of a record's content lie, as offsets and lengths."""

    parts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ImageHeader:
    labels: tuple[float, ...]
    id: int
    size: int  # bytes before the image


def records(file: StoredFile) -> Iterator[Record]:
    """The records of a file, in order. Only their frames are read. Raises BrokenRecordError."""
    size_bytes = file.size_bytes
    position, number, parts = 0, 0, list[tuple[int, int]]()
    while position < size_bytes:
        flag, length = frame(file.read(position, FRAME.size), number, position)
        start = position + FRAME.size
        position = start + length + -length % 4
        if start + length > size_bytes:
            raise BrokenRecordError(
                f"record {number} ends {start + length - size_bytes} bytes after the end of the data"
            )
        if bool(parts) != (flag in (MIDDLE, LAST)):
            raise BrokenRecordError(f"record {number} has the parts of a divided record in a wrong order")
        parts.append((start, length))
        if flag in (WHOLE, LAST):
            yield Record(tuple(parts))
            parts, number = [], number + 1
    if parts:
        raise BrokenRecordError(f"record {number} is divided, and its last part is missing")


def frame(data: bytes, number: int, position: int) -> tuple[int, int]:
    """Flag and length."""
    if len(data) < FRAME.size:
        raise BrokenRecordError(f"the data ends in the head of record {number}, at byte {position}")
    magic, packed = FRAME.unpack(data)
    if magic != MAGIC:
        raise BrokenRecordError(
            f"record {number}, at byte {position}, begins with {data[:4]!r} and not with the magic number"
        )
    flag, length = packed >> LENGTH_BITS, packed & ((1 << LENGTH_BITS) - 1)
    if flag > LAST:
        raise BrokenRecordError(f"record {number}, at byte {position}, has the unknown flag {flag}")
    return flag, length


def content(file: StoredFile, record: Record) -> bytes:
    return MAGIC.join(file.read(start, length) for start, length in record.parts)


def image_header(file: StoredFile, record: Record) -> ImageHeader:
    """Raises BrokenRecordError for a record that is too short for what it announces."""
    size_bytes = sum(length for _, length in record.parts) + len(MAGIC) * (len(record.parts) - 1)
    head = beginning(file, record, IMAGE_HEADER.size)
    if len(head) < IMAGE_HEADER.size:
        raise BrokenRecordError(f"it has {len(head)} bytes, too few for an image's header of {IMAGE_HEADER.size}")
    count, label, identity, _ = IMAGE_HEADER.unpack(head)
    size = IMAGE_HEADER.size + 4 * count
    if size > size_bytes:
        raise BrokenRecordError(f"it announces {count} labels, more than its {size_bytes} bytes can hold")
    labels = struct.unpack_from(f"<{count}f", beginning(file, record, size), IMAGE_HEADER.size) if count else (label,)
    return ImageHeader(labels, identity, size)


def beginning(file: StoredFile, record: Record, length: int) -> bytes:
    """At most `length` bytes; an image is not read for its header."""
    if len(record.parts) > 1:
        return content(file, record)[:length]
    start, whole = record.parts[0]
    return file.read(start, min(length, whole))
