"""The body of a request, while it arrives: in memory, or in a temporary file if it is long."""

from __future__ import annotations

import tempfile
from io import BytesIO
from typing import BinaryIO

MEMORY_MAX_BYTES = 1 << 17


class RequestBody:
    def __init__(self) -> None:
        self._content: BinaryIO = BytesIO()
        self._bytes = 0
        self._is_in_memory = True

    def write(self, part: bytes) -> None:
        """Add a part. Raises OSError where the disk is full."""
        self._content.write(part)
        self._bytes += len(part)
        if self._is_in_memory and self._bytes > MEMORY_MAX_BYTES:
            self._move_to_file()

    def complete(self) -> BinaryIO:
        """Return the body, at its beginning. The caller closes it."""
        self._content.seek(0)
        return self._content

    def close(self) -> None:
        self._content.close()

    def _move_to_file(self) -> None:
        file = tempfile.TemporaryFile()  # noqa: SIM115 - `complete` hands it to the caller, who closes it
        with self._content as content:
            content.seek(0)
            self._content, self._is_in_memory = file, False
            file.write(content.read())
