"""Split a batch transform's input file into records, and pack records into payloads."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

RECORD_IO_MAGIC = bytes.fromhex("0a23d7ce")
RECORD_IO_LENGTH_BITS = 29
WHOLE, MIDDLE, END = 0, 2, 3
TF_RECORD_CRC_BYTES = 4


class RecordError(Exception):
    """A file that cannot be split as SplitType says, or that has a record larger than MaxPayloadInMB."""


@dataclass(frozen=True)
class Record:
    """One record. `content` is the record itself, `raw` the same with the newline or padding of the file.

    `origin` is the record before the InputFilter, or None without one.
    """

    content: bytes
    raw: bytes
    origin: bytes | None = None


@dataclass(frozen=True)
class Payload:
    """The body of one request, and its records if the output needs them."""

    body: bytes
    records: tuple[bytes, ...]


def lines(file: BinaryIO, limit: int) -> Iterator[Record]:
    while raw := file.readline(limit + 3 if limit else -1):
        yield Record(raw.removesuffix(b"\n").removesuffix(b"\r"), raw)


def record_io(file: BinaryIO, limit: int) -> Iterator[Record]:
    """Split MXNet's RecordIO: magic, flag and length, content, padding to four bytes. Long records come in parts."""
    content = raw = b""
    while header := file.read(8):
        if len(header) < 8 or not header.startswith(RECORD_IO_MAGIC):
            raise RecordError("the file is not RecordIO")
        flag_and_length = int.from_bytes(header[4:], "little")
        flag, length = flag_and_length >> RECORD_IO_LENGTH_BITS, flag_and_length & ((1 << RECORD_IO_LENGTH_BITS) - 1)
        part = _read(file, length, limit)
        raw += header + part + _read(file, -length % 4)
        content += RECORD_IO_MAGIC + part if flag in (MIDDLE, END) else part
        if flag in (WHOLE, END):
            yield Record(content, raw)
            content = raw = b""


def tf_record(file: BinaryIO, limit: int) -> Iterator[Record]:
    """Split TFRecord: length and its checksum, content and its checksum."""
    while header := file.read(8 + TF_RECORD_CRC_BYTES):
        if len(header) < 8 + TF_RECORD_CRC_BYTES:
            raise RecordError("the file ends in the middle of a record")
        content = _read(file, struct.unpack_from("<Q", header)[0], limit)
        yield Record(content, header + content + _read(file, TF_RECORD_CRC_BYTES))


SPLITTERS: dict[str, Callable[[BinaryIO, int], Iterator[Record]]] = {
    "Line": lines,
    "RecordIO": record_io,
    "TFRecord": tf_record,
}


def payloads(records: Iterator[Record], one_each: bool, limit: int, keeps_records: bool) -> Iterator[Payload]:
    """Pack as many records as fit into `limit` bytes (0: no limit), or one each, without its newline or padding."""
    body: bytearray | None = None
    kept: list[bytes] = []
    for record in records:
        piece = record.content if one_each else record.raw
        if limit and len(record.content) > limit:
            raise too_large(limit)
        if body is not None and (one_each or (limit and len(body) + len(piece) > limit)):
            yield Payload(bytes(body), tuple(kept))
            body, kept = None, []
        if body is None:
            body = bytearray()
        body += piece
        if keeps_records:
            kept.append(record.content if record.origin is None else record.origin)
    if body is not None:
        yield Payload(bytes(body), tuple(kept))


def too_large(limit: int) -> RecordError:
    return RecordError(f"Too much data for max payload size of {limit} bytes")


def _read(file: BinaryIO, length: int, limit: int = 0) -> bytes:
    if limit and length > limit:
        raise too_large(limit)
    try:
        content = file.read(length)
    except (OverflowError, MemoryError) as error:
        raise RecordError(f"the file has a record of {length} bytes, which is more than memory holds") from error
    if len(content) < length:
        raise RecordError("the file ends in the middle of a record")
    return content
