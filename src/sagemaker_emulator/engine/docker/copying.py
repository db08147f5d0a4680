"""/opt/ml in and out of a container: streams of tar, in bounded memory. What comes out was written by anyone."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import IO

from sagemaker_emulator.archive import MEMBERS_MAX, UNPACKED_SIZE_MAX_BYTES
from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker.streams import as_file

OPT_ML = PurePosixPath("/opt/ml")
CHUNK_BYTES = 1 << 20
END = bytes(2 * tarfile.BLOCKSIZE)


def packed(base_dir: Path) -> Iterator[bytes]:
    """A directory as a tar of /opt/ml, in chunks of at least CHUNK_BYTES but for the last."""
    gathered = bytearray()
    for piece in _pieces(base_dir):
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
    """A tar of one folder, as Docker makes it, into `directory`. Every file is replaced whole: readers never see half.

    Files, folders and links that stay inside; EngineError for what leads out of it, or is too much. `scratch` is on the
    same file system.
    """
    directory.mkdir(parents=True, exist_ok=True)
    size, links = 0, []
    try:
        with tarfile.open(fileobj=as_file(chunks), mode="r|") as tar:
            for count, member in enumerate(tar, 1):
                size += member.size
                _require_limits(directory, size, count)
                if member.issym():
                    links.append(member)
                else:
                    _take(tar, member, directory, scratch)
        for link in links:
            _link(link, directory)
    except (tarfile.TarError, OSError) as error:
        raise EngineError(f"What the container left in {directory.name!r} could not be copied: {error}") from error


def _pieces(base_dir: Path) -> Iterator[bytes]:
    for path in (base_dir, *sorted(base_dir.rglob("*"))):
        info = _info(path, base_dir)
        if info is None:
            continue
        yield info.tobuf(tarfile.PAX_FORMAT)
        if info.isreg():
            yield from _content(path, info.size)


def _info(path: Path, base_dir: Path) -> tarfile.TarInfo | None:
    """Folders that any user of the container may write to: an image may say USER, and /opt/ml is the job's own."""
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
        info.size, info.mode = status.st_size, stat.S_IMODE(mode) | 0o444
    else:
        return None
    return info


def _content(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        left = size
        while left and (chunk := file.read(min(left, CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
    yield bytes(left + -size % tarfile.BLOCKSIZE)  # a file that became shorter meanwhile is filled up


def _require_limits(directory: Path, size: int, count: int) -> None:
    if size > UNPACKED_SIZE_MAX_BYTES or count > MEMBERS_MAX:
        raise EngineError(
            f"The container left more than {UNPACKED_SIZE_MAX_BYTES} bytes or {MEMBERS_MAX} files in {directory.name!r}"
        )


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, directory: Path, scratch: Path) -> None:
    path = _inside(directory, member.name)
    if member.isdir():
        path.mkdir(parents=True, exist_ok=True)
    elif member.isreg():
        content = tar.extractfile(member)
        assert content is not None
        _write(content, path, member, scratch)
    elif member.islnk():
        with _inside(directory, member.linkname).open("rb") as linked:
            _write(linked, path, member, scratch)


def _write(content: IO[bytes], path: Path, member: tarfile.TarInfo, scratch: Path) -> None:
    with tempfile.NamedTemporaryFile(dir=scratch, prefix=".incoming-", delete=False) as part:
        try:
            shutil.copyfileobj(content, part, CHUNK_BYTES)
            part.close()
            whole = Path(part.name)
            whole.chmod(member.mode & 0o755 | 0o600)
            os.utime(whole, (member.mtime, member.mtime))
            path.parent.mkdir(parents=True, exist_ok=True)
            whole.replace(path)
        except BaseException:
            Path(part.name).unlink()
            raise


def _link(member: tarfile.TarInfo, directory: Path) -> None:
    """A link to something beside it. One that leads out of the folder, or to a path of the container, is left out."""
    path = _inside(directory, member.name)
    target = normpath(str(PurePosixPath(*PurePosixPath(member.name).parts[1:]).parent / member.linkname))
    if target.startswith(("/", "..")):
        return
    path.unlink(missing_ok=True)
    path.symlink_to(member.linkname)


def _inside(directory: Path, name: str) -> Path:
    """Docker names every member after the folder that was asked for: `model/...`."""
    parts = PurePosixPath(name).parts[1:]
    path = directory.joinpath(*parts)
    if ".." in parts or not path.parent.resolve().is_relative_to(directory.parent.resolve()):
        raise EngineError(f"The container left a file with the name {name!r}, which leads out of its folder")
    return path
