"""Unpack a tar of unknown origin into a folder. Nothing leads out of it, and everything has a limit.

Every name is walked folder by folder, relative to an open folder, and no link on the way is followed. So it does not
matter how an archive builds its links, nor what another program changes meanwhile. Symbolic links are made last, and
only where they stay inside when they are followed step by step through what is really there.
"""

from __future__ import annotations

import errno
import gzip
import math
import os
import secrets
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from safety.left_files import open_file
from safety.opened_folders import NOT_FOLDERS, opened_folder
from safety.tar_members import CHUNK_BYTES, BrokenArchive, Kind, Limits, Member, Stream, TarMembers

UNCHECKED_BYTES = 1 << 30  # up to this size an archive may be as small as it likes
EXPANSION_MAX = 100
STEPS_MAX = 40  # of links that lead to links, as in Linux
MTIME_MAX = 1 << 40

Parts = tuple[str, ...]


def unpack_gzip(archive: Path, directory: Path, limits: Limits | None = None) -> None:
    """Unpack a .tar.gz, without its symbolic links: it is refused if it has one.

    BrokenArchive for an archive that is damaged or unsafe; OSError if its files cannot be written.
    """
    with archive.open("rb") as packed, gzip.GzipFile(fileobj=packed) as content:
        stream = GzipStream(content, archive.stat().st_size)
        Unpacking(stream, directory, directory.parent, limits=limits or Limits()).run()
        while stream.read(CHUNK_BYTES):  # to the end, where gzip compares the checksum
            pass


class GzipStream:
    """The content of a gzip file, refused if it is far too large for its packed size."""

    def __init__(self, content: Stream, packed_bytes: int) -> None:
        self._content = content
        self._left_bytes = max(UNCHECKED_BYTES, EXPANSION_MAX * packed_bytes)

    def read(self, size: int, /) -> bytes:
        try:
            data = self._content.read(size)
        except (EOFError, OSError, zlib.error) as error:
            raise BrokenArchive(f"it is not gzip, or damaged: {error}") from error
        self._left_bytes -= len(data)
        if self._left_bytes < 0:
            raise BrokenArchive(f"it expands to over {UNCHECKED_BYTES} bytes and {EXPANSION_MAX} times its size")
        return data


@dataclass(frozen=True)
class Unpacking:
    """`directory` lies below `scratch`, a trusted folder in which files are written before they are put in place, so
    that a reader of the directory never sees half of one. The first `strip` parts of every name are removed.

    With `keeps_links`, symbolic links that stay inside are kept and others are left out; otherwise one is an error.
    """

    stream: Stream
    directory: Path
    scratch: Path
    strip: int = 0
    keeps_links: bool = False
    limits: Limits = field(default_factory=Limits)

    def run(self) -> None:
        """Extract files, folders and links; leave out devices and FIFOs. BrokenArchive, OSError."""
        below = self.directory.relative_to(self.scratch).parts
        with opened_folder(self.scratch) as scratch, opened_folder(scratch, below, create=True) as root:
            _Extraction(TarMembers(self.stream, self.limits), root, scratch, self).run()


@dataclass
class _Extraction:
    """One run. `links` are the symbolic links to be made at the end; `copied_bytes` counts copies for hard links."""

    tar: TarMembers
    root: int
    scratch: int
    plan: Unpacking
    links: dict[Parts, str] = field(default_factory=dict)
    copied_bytes: int = 0

    def run(self) -> None:
        for member in self.tar:
            parts = self._parts(member.name)
            if member.kind is Kind.LINK:
                self._refuse_link(member)
                self.links[parts] = member.target
            elif member.kind is not Kind.OTHER:
                self.links.pop(parts, None)
                self._take(member, parts)
        for parts, target in self.links.items():
            if self._stays_inside(parts, target):
                self._make_link(parts, target)

    def _take(self, member: Member, parts: Parts) -> None:
        with _told(member.name):
            if member.kind is Kind.FOLDER:
                with opened_folder(self.root, parts, create=True):
                    return
            if not parts:
                raise BrokenArchive(f"the name {_shown(member.name)} is no file's")
            if member.kind is Kind.FILE:
                self._write(self.tar.content(), member, parts)
            else:
                self._copy(member, parts)

    def _copy(self, member: Member, parts: Parts) -> None:
        """Write a hard link as a copy of the file that it names."""
        target = self._parts(member.target)
        try:
            source = open_file(self.root, target)
        except OSError as error:
            message = f"the hard link {_shown(member.name)} names {_shown(member.target)}, which is no file in it"
            raise BrokenArchive(message) from error
        with source:
            self._write(self._counted(source), member, parts)

    def _counted(self, source: BinaryIO) -> Iterator[bytes]:
        while chunk := source.read(CHUNK_BYTES):
            self.copied_bytes += len(chunk)
            if self.copied_bytes > self.plan.limits.size_bytes:
                raise BrokenArchive(f"its hard links make more than {self.plan.limits.size_bytes} bytes")
            yield chunk

    def _write(self, chunks: Iterable[bytes], member: Member, parts: Parts) -> None:
        part = f".incoming-{secrets.token_hex(8)}"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL  # O_EXCL follows no link; Python itself sets O_CLOEXEC
        try:
            with os.fdopen(os.open(part, flags, 0o600, dir_fd=self.scratch), "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fchmod(file.fileno(), member.mode & 0o755 | 0o600)
                os.utime(file.fileno(), (_time(member), _time(member)))
            with opened_folder(self.root, parts[:-1], create=True) as folder:
                os.rename(part, parts[-1], src_dir_fd=self.scratch, dst_dir_fd=folder)
        except BaseException:  # whatever the reason, an interrupt included, no partial file stays behind
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=self.scratch)
            raise

    def _make_link(self, parts: Parts, target: str) -> None:
        with _told("/".join(parts)), opened_folder(self.root, parts[:-1], create=True) as folder:
            with suppress(FileNotFoundError):
                os.unlink(parts[-1], dir_fd=folder)
            os.symlink(target, parts[-1], dir_fd=folder)

    def _refuse_link(self, member: Member) -> None:
        if not self.plan.keeps_links:
            raise BrokenArchive(f"it has the symbolic link {_shown(member.name)}; pack the file that it names instead")

    def _stays_inside(self, parts: Parts, target: str) -> bool:
        """Follow a link as the system would. One that leads nowhere may stay, except by a way that goes back up."""
        at = list(parts[:-1])
        rest = _reversed_parts(target)
        steps = 0
        while rest:
            part = rest.pop()
            if part == "..":
                if not at or not self._is_folder(at):
                    return False
                at.pop()
                continue
            at.append(part)
            if (further := self._link_at(tuple(at))) is not None:
                steps += 1
                at.pop()
                rest += _reversed_parts(further)
                if steps > STEPS_MAX or further.startswith("/"):
                    return False
        return bool(parts and target and not target.startswith("/") and "\0" not in target)

    def _link_at(self, parts: Parts) -> str | None:
        """Return the target of the link that is, or will be, at a place whose parents are folders; None if none."""
        if parts in self.links:
            return self.links[parts]
        try:
            with opened_folder(self.root, parts[:-1]) as folder:
                return os.readlink(parts[-1], dir_fd=folder)
        except (OSError, ValueError):
            return None

    def _is_folder(self, parts: list[str]) -> bool:
        try:
            with opened_folder(self.root, parts):
                return True
        except (OSError, ValueError):
            return False

    def _parts(self, name: str) -> Parts:
        """Return the parts of a name, below the directory. BrokenArchive for one that no file there can have."""
        limits = self.plan.limits
        parts = tuple(part for part in name.split("/") if part not in ("", "."))[self.plan.strip :]
        if ".." in parts:
            raise BrokenArchive(f"the name {_shown(name)} leads out of it")
        if "\0" in name or len(os.fsencode(name)) > limits.name_bytes or len(parts) > limits.depth:
            raise BrokenArchive(
                f"the name {_shown(name)} has a NUL, more than {limits.name_bytes} bytes or {limits.depth} folders"
            )
        return parts


@contextmanager
def _told(name: str) -> Iterator[None]:
    """Turn the system's refusal of a name into the archive's fault."""
    try:
        yield
    except IsADirectoryError as error:
        raise BrokenArchive(f"the name {_shown(name)} is a folder's and a file's") from error
    except OSError as error:
        if error.errno in NOT_FOLDERS:
            raise BrokenArchive(f"the name {_shown(name)} leads through a link or a file") from error
        if error.errno == errno.ENAMETOOLONG:
            raise BrokenArchive(f"the name {_shown(name)} is too long") from error
        raise


def _reversed_parts(path: str) -> list[str]:
    return [part for part in reversed(path.split("/")) if part not in ("", ".")]


def _time(member: Member) -> float:
    return member.mtime if math.isfinite(member.mtime) and 0 <= member.mtime < MTIME_MAX else 0.0


def _shown(name: str) -> str:
    return repr(name if len(name) <= 100 else f"{name[:100]}…")
