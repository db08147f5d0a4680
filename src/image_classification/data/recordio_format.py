"""MXNet's RecordIO format: the frames of a file and the header of an image record.

A frame is `magic, flag and length, content, zeros up to a multiple of four`. If the content of a record contains the
magic number at a multiple of four, it is split there into several frames: flag 1 is the first, 2 a middle one, 3 the
last. Flag 0 is a whole record. An image record is `flag, label, id, id2`, then the image; a flag above 0 is the number
of labels between the header and the image.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from image_classification.data.shared_file import SharedFile

MAGIC = struct.pack("<I", 0xCED7230A)
LENGTH_BITS = 29
FRAME, IMAGE_HEADER = struct.Struct("<4sI"), struct.Struct("<IfQQ")
WHOLE, FIRST, MIDDLE, LAST = range(4)


class BrokenRecordError(Exception):
    """The file is not valid RecordIO; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Record:
    """The position of a record's content: offset and length of each of its parts."""

    parts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class ImageHeader:
    labels: tuple[float, ...]
    id: int
    size: int  # bytes before the image, labels included


def records(file: SharedFile) -> Iterator[Record]:
    """Yield the records of a file in order. Only the heads of frames are read. Raises BrokenRecordError."""
    size_bytes = file.size_bytes
    position, number, parts = 0, 0, list[tuple[int, int]]()
    while position < size_bytes:
        flag, length = parse_frame(file.read(position, FRAME.size), number, position)
        start = position + FRAME.size
        position = start + length + -length % 4  # contents are padded to a multiple of four
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


def parse_frame(data: bytes, number: int, position: int) -> tuple[int, int]:
    """Return flag and length of the frame that begins with `data`. Raises BrokenRecordError."""
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


def content(file: SharedFile, record: Record) -> bytes:
    # The writer removed the magic number wherever it split the content.
    return MAGIC.join(file.read(start, length) for start, length in record.parts)


def image_header(file: SharedFile, record: Record) -> ImageHeader:
    """Return the header of an image record. Raises BrokenRecordError if the record is too short for it."""
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


def beginning(file: SharedFile, record: Record, length: int) -> bytes:
    """Return at most the first `length` bytes, without reading the whole image."""
    if len(record.parts) > 1:
        return content(file, record)[:length]
    start, whole = record.parts[0]
    return file.read(start, min(length, whole))
