"""model.tar.gz and output.tar.gz: packed from a directory, unpacked with filters and limits."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sagemaker_emulator.archives.unpacking import Unpacking


class ArchiveError(Exception):
    """The archive is broken, too large, or reaches outside its directory."""


def pack(directories: Iterable[Path], archive: Path) -> None:
    """Everything below the directories, as one, names relative to each, gzip as SageMaker writes it."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for path, name in files_of(directories):
            tar.add(path, arcname=name, recursive=False)


def files_of(directories: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Files and folders with their names. Of two hosts' files of one name the first host's is taken."""
    seen: set[str] = set()
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            name = path.relative_to(directory).as_posix()
            if name not in seen:
                seen.add(name)
                yield path, name


def unpack(archive: Path, directory: Path) -> None:
    """Unpack what a person may have uploaded: only plain files and folders inside, up to the limits."""
    try:
        with tarfile.open(archive, "r:*") as tar:
            Unpacking(tar, directory, scratch=directory.parent).run()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"{archive.name} cannot be unpacked: {error}") from error
