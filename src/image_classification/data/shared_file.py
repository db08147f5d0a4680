"""A file that lives as long as somebody uses it, and that threads read side by side."""

import os
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path


class StoredFile:
    """Takes over the descriptor, and closes it when the last user is gone."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    @classmethod
    def opened(cls, path: Path) -> "StoredFile":
        return cls(os.open(path, os.O_RDONLY))

    @classmethod
    def temporary(cls, chunks: Iterable[bytes]) -> "StoredFile":
        """Without a name: nothing of it is left behind, however the process ends."""
        with tempfile.TemporaryFile() as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            return cls(os.dup(file.fileno()))

    @property
    def size_bytes(self) -> int:
        return os.fstat(self.descriptor).st_size

    def read(self, start: int, length: int) -> bytes:
        return os.pread(self.descriptor, length, start)
