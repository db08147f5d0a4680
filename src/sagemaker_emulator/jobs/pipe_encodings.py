"""Pipe mode's encodings: it wraps objects as records of MXNet's RecordIO, and unpacks Gzip."""

from __future__ import annotations

import struct
import tempfile
import zlib
from collections.abc import Iterable, Iterator

from sagemaker_emulator.jobs.channel import InputError

MAGIC = 0xCED7230A
LENGTH_MAX = (1 << 29) - 1
CHUNK_BYTES = 1 << 20
SPOOL_BYTES = 8 << 20


def record(chunks: Iterable[bytes], length: int) -> Iterator[bytes]:
    """Yield one record: magic, length, content, zeros up to a multiple of four bytes."""
    if length > LENGTH_MAX:
        raise InputError(f"An object of {length} bytes does not fit in a RecordIO record of at most {LENGTH_MAX}")
    yield struct.pack("<II", MAGIC, length)
    yield from chunks
    yield bytes(-length % 4)


def spooled_record(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield one record of content whose length is only known when all of it has come."""
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
        for chunk in chunks:
            spool.write(chunk)
        length = spool.tell()
        spool.seek(0)
        yield from record(iter(lambda: spool.read(CHUNK_BYTES), b""), length)


def gunzipped(chunks: Iterable[bytes], name: str) -> Iterator[bytes]:
    """Yield the content of a Gzip file. It may have several members."""
    member = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if member.eof:
                    member = zlib.decompressobj(wbits=31)
                yield member.decompress(rest, CHUNK_BYTES)
                rest = member.unused_data if member.eof else member.unconsumed_tail
        yield member.flush()
    except zlib.error as error:
        raise InputError(f"{name} is not Gzip, which CompressionType says: {error}") from error
    if not member.eof:
        raise InputError(f"{name} ends in the middle of its Gzip content")
