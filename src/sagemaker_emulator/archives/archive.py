"""model.tar.gz and output.tar.gz: packed from what containers left, unpacked within limits."""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from safety.left_files import Entry, NotAFile, entries_below
from safety.tar_members import BrokenArchive
from safety.unpacking import unpack_gzip

READABLE, RUNNABLE = 0o444, 0o111


class ArchiveError(Exception):
    """An archive that is broken, too large, or leads out of its directory."""


def pack(directories: Iterable[tuple[Path, str]], archive: Path) -> None:
    """Merge what is below the directories into one .tar.gz, as SageMaker does. Names are relative to each directory.

    Each directory is a pair: a folder that no container can replace, and a path below that folder. Symbolic links are
    stored as links.
    """
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for entry, name in entries_of(directories):
            with suppress(FileNotFoundError, NotAFile):  # removed by the container meanwhile
                _add(tar, entry, name)


def entries_of(directories: Iterable[tuple[Path, str]]) -> Iterator[tuple[Entry, str]]:
    """Yield files, folders and links with their names. If several have the same name, the first directory's is used."""
    seen: set[str] = set()
    for base_dir, path in directories:
        folder = path.split("/")
        for entry in entries_below(base_dir, folder):
            name = "/".join(entry.parts[len(folder) :])
            if name not in seen:
                seen.add(name)
                yield entry, name


def unpack(archive: Path, directory: Path) -> None:
    """Unpack a .tar.gz of unknown origin. ArchiveError names its fault.

    As on AWS, plain tars and archives with symbolic links are refused. Source: re:Post, "sagemaker endpoint creation
    fail"; the API reference's ContainerDefinition, ModelDataUrl.
    """
    try:
        unpack_gzip(archive, directory)
    except (BrokenArchive, OSError) as error:
        raise ArchiveError(f"{archive.name} cannot be unpacked: {error}") from error


def _add(tar: tarfile.TarFile, entry: Entry, name: str) -> None:
    if entry.is_file:
        with entry.open() as file:
            tar.addfile(_readable(tar.gettarinfo(arcname=name, fileobj=file)), file)
        return
    info = tarfile.TarInfo(name)
    info.mode, info.mtime = stat.S_IMODE(entry.status.st_mode), int(entry.status.st_mtime)
    info.type, info.linkname = (tarfile.SYMTYPE, entry.target) if entry.target else (tarfile.DIRTYPE, "")
    tar.addfile(_readable(info))


def _readable(info: tarfile.TarInfo) -> tarfile.TarInfo:
    """Let all users read the member, as in AWS's archives. The umask here makes what programs write private."""
    info.mode |= READABLE | (RUNNABLE if info.mode & stat.S_IXUSR else 0)
    return info
