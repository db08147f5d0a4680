"""Copy /opt/ml into and out of containers, as streams of tar in bounded memory. The output is not trusted."""

from __future__ import annotations

import stat
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from safety.tar_members import BrokenArchive
from safety.unpacking import Unpacking
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker.streams import as_file

OPT_ML = PurePosixPath("/opt/ml")
CHUNK_BYTES = 1 << 20
END = bytes(2 * tarfile.BLOCKSIZE)


def packed(base_dir: Path, folder: Path | None = None) -> Iterator[bytes]:
    """Yield a directory, or one folder below it, as a tar of /opt/ml, in chunks of at least CHUNK_BYTES except for the
    last.
    """
    gathered = bytearray()
    for piece in _pieces(base_dir, folder or base_dir):
        gathered += piece
        if len(gathered) >= CHUNK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    yield bytes(gathered) + END


def packed_fifo(path: PurePosixPath) -> bytes:
    info = tarfile.TarInfo(str(path.relative_to("/")))
    info.type, info.mode = tarfile.FIFOTYPE, 0o666
    return info.tobuf(tarfile.PAX_FORMAT) + END


def unpack(chunks: Iterable[bytes], directory: Path, scratch: Path) -> None:
    """Unpack Docker's tar of one folder into `directory`; `scratch` must be on the same file system. EngineError.

    Links that lead out of the folder are left out.
    """
    try:
        Unpacking(as_file(chunks), directory, scratch, strip=1, keeps_links=True).run()
    except (BrokenArchive, OSError) as error:
        raise EngineError(f"What the container left in {directory.name!r} could not be copied: {error}") from error


def _pieces(base_dir: Path, folder: Path) -> Iterator[bytes]:
    parents = [parent for parent in reversed(folder.parents) if parent.is_relative_to(base_dir)]
    for path in (*parents, folder, *sorted(folder.rglob("*"))):
        info = _info(path, base_dir)
        if info is None:
            continue
        yield info.tobuf(tarfile.PAX_FORMAT)
        if info.isreg():
            yield from _content(path, info.size)


def _info(path: Path, base_dir: Path) -> tarfile.TarInfo | None:
    """Return the header of a file; None for sockets.

    On this machine only this user may read it. In the container, folders are writable and files readable for all,
    because an image may set USER.
    """
    status = path.lstat()
    info = tarfile.TarInfo(str(OPT_ML.relative_to("/").joinpath(path.relative_to(base_dir).as_posix())))
    info.mtime, mode = int(status.st_mtime), status.st_mode
    if stat.S_ISDIR(mode):
        info.type, info.mode = tarfile.DIRTYPE, 0o777
    elif stat.S_ISLNK(mode):
        info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
    elif stat.S_ISFIFO(mode):
        info.type, info.mode = tarfile.FIFOTYPE, 0o666
    elif stat.S_ISREG(mode):
        info.size, info.mode = status.st_size, stat.S_IMODE(mode) | (0o555 if mode & stat.S_IXUSR else 0o444)
    else:
        return None
    return info


def _content(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        left = size
        while left and (chunk := file.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
    yield bytes(left + -size % tarfile.BLOCKSIZE)  # padding, also for a file that became shorter meanwhile
