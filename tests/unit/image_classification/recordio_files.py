"""A writer of RecordIO as MXNet writes it: content is split where it has the magic number at a multiple of four."""

import struct
from collections.abc import Sequence

MAGIC = struct.pack("<I", 0xCED7230A)


def part(flag: int, content: bytes) -> bytes:
    return MAGIC + struct.pack("<I", flag << 29 | len(content)) + content + bytes(-len(content) % 4)


def record(content: bytes) -> bytes:
    parts, start = [], 0
    for place in range(0, len(content) - 3, 4):
        if content[place : place + 4] == MAGIC:
            parts.append(content[start:place])
            start = place + 4
    parts.append(content[start:])
    if len(parts) == 1:
        return part(0, content)
    flags = [1, *[2] * (len(parts) - 2), 3]
    return b"".join(map(part, flags, parts))


def image_record(labels: Sequence[float], image: bytes, identity: int = 0, pack_label: bool = False) -> bytes:
    """Return a record as im2rec writes it: one label in the header; several, or one with --pack-label, after it."""
    if len(labels) == 1 and not pack_label:
        return record(struct.pack("<IfQQ", 0, labels[0], identity, 0) + image)
    header = struct.pack("<IfQQ", len(labels), 0, identity, 0)
    return record(header + struct.pack(f"<{len(labels)}f", *labels) + image)


def augmented(image: bytes, label: str) -> bytes:
    """Return a line of an augmented manifest as Pipe mode sends it: a record of the image and one of the label."""
    return record(image) + record(label.encode())
