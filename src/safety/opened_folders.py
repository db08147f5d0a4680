"""Folders opened step by step, so that no link on the way is followed, even one that appears meanwhile."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
NOT_FOLDERS = (errno.ENOTDIR, errno.ELOOP)  # the errors for a link or a file in the place of a folder


@contextmanager
def opened_folder(root: Path | int, parts: Sequence[str] = (), create: bool = False) -> Iterator[int]:
    """Open the folder `parts` below `root`, a trusted path or an open folder, and yield its descriptor.

    OSError if a part is missing, a link or not a folder. With `create`, missing folders are made.
    """
    folder = _descriptor(root, parts, create)
    try:
        yield folder
    finally:
        os.close(folder)


def _descriptor(root: Path | int, parts: Sequence[str], create: bool) -> int:
    folder = os.dup(root) if isinstance(root, int) else os.open(root, FOLDER_FLAGS)
    for part in parts:
        try:
            if create:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=folder)
            inner = os.open(part, FOLDER_FLAGS, dir_fd=folder)
        finally:
            os.close(folder)
        folder = inner
    return folder
