"""Extracts a tar of unknown origin into a directory.

It does what Python's own extraction filters do, which Python 3.11.3 and earlier lack. Each file is replaced as a whole,
so that a reader of the directory never sees half of one.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import IO

SIZE_MAX_BYTES = 20 << 30
MEMBERS_MAX = 100_000


class UnsafeMember(tarfile.TarError):
    """A member that leads out of the directory, or an archive that is too large."""


@dataclass(frozen=True)
class Unpacking:
    """`scratch` is a folder on the directory's file system. The first `strip` parts of every name are removed.

    A link that leads out of the directory is refused, or left out if `refuses_links_out` is False.
    """

    tar: tarfile.TarFile
    directory: Path
    scratch: Path
    strip: int = 0
    refuses_links_out: bool = True
    size_max_bytes: int = SIZE_MAX_BYTES
    members_max: int = MEMBERS_MAX

    def run(self) -> None:
        """Extract files, folders, and links that stay inside; skip devices and FIFOs. tarfile.TarError, OSError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        size, links = 0, []
        for count, member in enumerate(self.tar, 1):
            size += member.size
            if size > self.size_max_bytes or count > self.members_max:
                raise UnsafeMember(f"it is more than {self.size_max_bytes} bytes or {self.members_max} files")
            if member.issym():
                links.append(member)
            else:
                self._take(member)
        for link in links:  # last, so that nothing is written through one
            self._link(link)

    def _take(self, member: tarfile.TarInfo) -> None:
        path = self._inside(member.name)
        if member.isdir():
            path.mkdir(parents=True, exist_ok=True)
        elif member.isreg():
            content = self.tar.extractfile(member)
            assert content is not None
            self._write(content, path, member)
        elif member.islnk():
            with self._inside(member.linkname).open("rb") as linked:
                self._write(linked, path, member)

    def _write(self, content: IO[bytes], path: Path, member: tarfile.TarInfo) -> None:
        with tempfile.NamedTemporaryFile(dir=self.scratch, prefix=".incoming-", delete=False) as part:
            whole = Path(part.name)
            try:
                shutil.copyfileobj(content, part)
                part.close()
                whole.chmod(member.mode & 0o755 | 0o600)
                os.utime(whole, (member.mtime, member.mtime))
                path.parent.mkdir(parents=True, exist_ok=True)
                whole.replace(path)
            except BaseException:
                whole.unlink()
                raise

    def _link(self, member: tarfile.TarInfo) -> None:
        path = self._inside(member.name)
        target = normpath(str(self._relative(member.name).parent / member.linkname))
        if target.startswith(("/", "..")):
            if self.refuses_links_out:
                raise UnsafeMember(f"the link {member.name!r} to {member.linkname!r} leads out of it")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.symlink_to(member.linkname)

    def _relative(self, name: str) -> PurePosixPath:
        return PurePosixPath(*PurePosixPath(name.lstrip("/")).parts[self.strip :])

    def _inside(self, name: str) -> Path:
        relative = self._relative(name)
        path = self.directory / relative
        root = self.directory.parent.resolve() / self.directory.name
        if ".." in relative.parts or not (path.parent.resolve() / path.name).is_relative_to(root):
            raise UnsafeMember(f"the name {name!r} leads out of it")
        return path
