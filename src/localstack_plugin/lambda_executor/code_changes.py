"""Changes of the code that a function runs from a folder of the person: LocalStack's hot reloading.

docs.localstack.cloud/aws/tooling/lambda-tools/hot-reloading: the bucket `hot-reload`, with the folder as the key.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

NOT_CODE: Final = ("__pycache__", ".")
"""How the names of files and folders begin that Python or tools write."""
Entry = tuple[str, int, int]
"""A path, and for a file its time of modification in nanoseconds and its size in bytes."""


class WatchedCode:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seen = set(entries(folder))

    def has_changed(self) -> bool:
        """Return whether the code has changed since the last call, or since it is watched."""
        before, self._seen = self._seen, set(entries(self._folder))
        return self._seen != before


def entries(folder: Path) -> Iterator[Entry]:
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(NOT_CODE)]
        yield from ((f"{path}/{name}", 0, 0) for name in folders)
        for name in files:
            if name.startswith(NOT_CODE):
                continue
            with suppress(OSError):  # it was removed meanwhile
                status = Path(path, name).stat()
                yield f"{path}/{name}", status.st_mtime_ns, status.st_size
