"""Chunks of bytes from Docker, as Python files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from typing import IO, cast


class _Chunks(io.RawIOBase):
    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._rest = memoryview(chunk)
        taken = self._rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)


def as_file(chunks: Iterable[bytes]) -> IO[bytes]:
    return cast(IO[bytes], io.BufferedReader(_Chunks(chunks)))
