"""Pictures of one color as PNG files, without an imaging library."""

import struct
import zlib

SIGNATURE = b"\x89PNG\r\n\x1a\n"
RED, BLUE = (220, 30, 30), (30, 30, 220)


def picture(color: tuple[int, int, int], side: int = 32) -> bytes:
    """Return a PNG of `side` times `side` pixels of the color (red, green, blue, each from 0 to 255)."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)  # 8 bits for each of three channels
    rows = (b"\0" + bytes(color) * side) * side  # each row begins with its filter: none
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return SIGNATURE + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
