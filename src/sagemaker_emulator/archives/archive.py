"""model.tar.gz and output.tar.gz: packed from a directory, unpacked with filters and limits."""

from __future__ import annotations

import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from sagemaker_emulator.archives.unpacking import Unpacking


class ArchiveError(Exception):
    """An archive that is broken, too large, or leads out of its directory."""


def pack(directories: Iterable[Path], archive: Path) -> None:
    """Pack everything below the directories, merged, as SageMaker does: names relative to each, gzip."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for path, name in files_of(directories):
            tar.add(path, arcname=name, recursive=False)


def files_of(directories: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Yield files and folders with their names. Where two hosts have the same name, the first host's is used."""
    seen: set[str] = set()
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            name = path.relative_to(directory).as_posix()
            if name not in seen:
                seen.add(name)
                yield path, name


def unpack(archive: Path, directory: Path) -> None:
    """Unpack an archive of unknown origin, with the filters and limits of `Unpacking`."""
    try:
        with tarfile.open(archive) as tar:
            Unpacking(tar, directory, scratch=directory.parent).run()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ArchiveError(f"{archive.name} cannot be unpacked: {error}") from error
