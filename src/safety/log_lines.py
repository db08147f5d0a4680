"""A program's output as lines, in bounded memory however long a line is."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

LINE_MAX_BYTES = 256 * 1024 - 26  # CloudWatch's limit for an event, with its overhead
READ_BYTES = 1 << 16


def lines_of(chunks: Iterable[bytes], limit_bytes: int = LINE_MAX_BYTES) -> Iterator[str]:
    """Yield text line by line as it arrives. A carriage return, as progress bars write it, ends a line too.

    A line of more than `limit_bytes` is cut, and its end states the original length.
    """
    line, size, follows_return = bytearray(), 0, False
    for chunk in chunks:
        if follows_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        follows_return = chunk.endswith(b"\r") if chunk else False
        for piece in chunk.splitlines(keepends=True):
            content = piece.rstrip(b"\r\n")
            line += content[: max(0, limit_bytes - len(line))]
            size += len(content)
            if len(content) < len(piece):
                yield _text(line, size, limit_bytes)
                line, size = bytearray(), 0
    if size:
        yield _text(line, size, limit_bytes)


def lines_from(descriptor: int) -> Iterator[str]:
    """Yield the lines that can be read from a pipe, until all writers have closed it."""
    return lines_of(iter(lambda: os.read(descriptor, READ_BYTES), b""))


def _text(line: bytearray, size: int, limit_bytes: int) -> str:
    if size <= limit_bytes:
        return line.decode(errors="replace")
    mark = f" [cut: the line has {size} bytes]"
    return line[: max(0, limit_bytes - len(mark))].decode(errors="replace") + mark
