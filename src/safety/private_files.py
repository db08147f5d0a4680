"""Keep the files of a state folder from other users of the machine.

A process that sets `os.umask(PRIVATE)` first creates everything with mode 0700 or 0600, and so do its children. When a
server starts, files with wider modes from an earlier version or another program are corrected.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PRIVATE = 0o077
"""The umask: nothing for the group and for others."""


@contextmanager
def private_umask() -> Iterator[None]:
    """Create everything for this user only. The umask belongs to the process: use it where only one thread runs."""
    before = os.umask(PRIVATE)
    try:
        yield
    finally:
        os.umask(before)


def make_private(folder: Path) -> None:
    """Create the folder if it is missing, and remove the permissions of group and others from everything in it.

    The folder itself comes first: once it is closed, nobody else can reach what is below. Links are not followed. What
    belongs to another user (a container's, for example) stays unchanged.
    """
    close_folder(folder)
    for entry in _entries(folder):
        with suppress(FileNotFoundError):
            _narrow(entry, entry.stat(follow_symlinks=False))


def close_folder(folder: Path) -> None:
    """Create the folder if it is missing, and let only its owner enter it. Its files keep their permissions."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _narrow(folder, folder.stat())


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            found = list(entries)
    except (FileNotFoundError, PermissionError):
        return
    for entry in found:
        yield entry
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path))


def _narrow(path: Path | os.DirEntry[str], status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode) or not status.st_mode & PRIVATE:
        return
    with suppress(PermissionError):
        Path(path).chmod(stat.S_IMODE(status.st_mode) & ~PRIVATE)
