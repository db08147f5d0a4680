"""A read-only file that several threads read at once, and that closes itself after its last user."""

import os
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path


class SharedFile:
    """The owner of a file descriptor, which it closes when it is garbage-collected."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    @classmethod
    def opened(cls, path: Path) -> "SharedFile":
        return cls(os.open(path, os.O_RDONLY))

    @classmethod
    def temporary(cls, chunks: Iterable[bytes]) -> "SharedFile":
        """Write the chunks to a file without a name, which disappears however the process ends."""
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
