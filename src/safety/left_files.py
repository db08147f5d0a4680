"""Read what a program that is not trusted left in a folder. Links are not followed; FIFOs, devices and sockets are not
opened; and whatever the program changes meanwhile, nothing outside the folder is read.

A hard link is a file like others: a program can only link to a file that it could reach, on the same file system.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from safety.opened_folders import NOT_FOLDERS, opened_folder

FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
ENTRIES_MAX = 200_000
DEPTH_MAX = 64


class TooMuchLeft(OSError):
    """A folder with more entries, or deeper, than is read."""


class NotAFile(OSError):
    """The path is not a regular file."""


@dataclass(frozen=True)
class Entry:
    """A file, folder or link below `root`, as it was when it was listed. `target` is what a symbolic link names."""

    root: Path
    parts: tuple[str, ...]
    status: os.stat_result
    target: str = ""

    @property
    def name(self) -> str:
        return "/".join(self.parts)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.status.st_mode)

    @property
    def signature(self) -> tuple[int, int]:
        """Time and size: if they are the same twice, the file is probably not being written."""
        return self.status.st_mtime_ns, self.status.st_size

    def open(self) -> BinaryIO:
        """Open the file. OSError if it is gone, or no regular file any more."""
        return open_file(self.root, self.parts)


def entries_below(root: Path, folder: Sequence[str] = (), entries_max: int = ENTRIES_MAX) -> list[Entry]:
    """List all files, folders and symbolic links in `folder` below `root`, sorted; their parts are relative to `root`.

    A folder that is missing, or a link, has none. TooMuchLeft for one with more than can be read.
    """
    try:
        with opened_folder(root, folder) as descriptor:
            entries = list(islice(_entries(root, tuple(folder), descriptor, DEPTH_MAX), entries_max + 1))
    except OSError as error:
        if error.errno in (errno.ENOENT, *NOT_FOLDERS):
            return []
        raise
    if len(entries) > entries_max:
        raise TooMuchLeft(f"there are more than {entries_max} files below {'/'.join(folder)!r}")
    return entries


def open_file(root: Path | int, parts: Sequence[str]) -> BinaryIO:
    """Open a regular file below `root` for reading. OSError if there is none, or a link on the way."""
    if not parts:
        raise NotAFile("the folder itself is not a file")
    with opened_folder(root, parts[:-1]) as folder:
        if not stat.S_ISREG(os.stat(parts[-1], dir_fd=folder, follow_symlinks=False).st_mode):
            raise NotAFile(f"{'/'.join(parts)!r} is not a regular file")  # opening a device may already change it
        descriptor = os.open(parts[-1], FILE_FLAGS, dir_fd=folder)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise NotAFile(f"{'/'.join(parts)!r} is not a regular file")
    return os.fdopen(descriptor, "rb")


def read_text(root: Path, parts: Sequence[str], limit_bytes: int) -> str:
    """Return the beginning of a text file, at most `limit_bytes`; nothing if there is no regular file."""
    try:
        with open_file(root, parts) as file:
            return file.read(limit_bytes).decode(errors="replace")
    except OSError:
        return ""


def _entries(root: Path, parts: tuple[str, ...], folder: int, depth: int) -> Iterator[Entry]:
    if depth == 0:
        raise TooMuchLeft(f"{'/'.join(parts)[:100]!r} is deeper than {DEPTH_MAX} folders")
    with os.scandir(folder) as scan:
        names = sorted(entry.name for entry in scan)
    for name in names:
        entry = _entry(root, (*parts, name), folder)
        if entry is None:
            continue
        yield entry
        if stat.S_ISDIR(entry.status.st_mode):
            yield from _inner_entries(root, entry, folder, depth)


def _inner_entries(root: Path, entry: Entry, folder: int, depth: int) -> Iterator[Entry]:
    with ExitStack() as stack:
        try:
            inner = stack.enter_context(opened_folder(folder, entry.parts[-1:]))
        except OSError:
            return  # removed, or made a link, meanwhile
        yield from _entries(root, entry.parts, inner, depth - 1)


def _entry(root: Path, parts: tuple[str, ...], folder: int) -> Entry | None:
    try:
        status = os.stat(parts[-1], dir_fd=folder, follow_symlinks=False)
        target = os.readlink(parts[-1], dir_fd=folder) if stat.S_ISLNK(status.st_mode) else ""
    except OSError:
        return None  # removed meanwhile
    taken = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode) or stat.S_ISLNK(status.st_mode)
    return Entry(root, parts, status, target) if taken else None
