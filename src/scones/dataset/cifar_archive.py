"""Read an archive in CIFAR-100's format (`cifar-100-python/{meta,train,test}`), from a source that is not trusted.

Nothing is extracted to disk, sizes are limited before anything is read, and `safe_pickle` runs no code of the archive.
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from scones.dataset import safe_pickle
from scones.dataset.safe_pickle import Pixels
from scones.errors import ArchiveError

FOLDER = "cifar-100-python"
MEMBERS = ("meta", "train", "test")
MAX_MEMBERS = 32
MAX_MEMBER_BYTES = 256 * 1024**2
# Limit for the headers of a member and the padding after it.
MAX_HEADER_BYTES = 64 * 1024
PIXELS = 3 * 32 * 32
CLASSES = 100


@dataclass(frozen=True)
class Batch:
    """The rows of one split. data is uint8 (rows, 3072); a row has 1024 red, 1024 green and 1024 blue values."""

    filenames: list[str]
    labels: list[int]
    data: np.ndarray

    def __post_init__(self) -> None:
        if self.data.dtype != np.uint8 or self.data.ndim != 2 or self.data.shape[1] != PIXELS:
            raise ArchiveError(f"has data of {self.data.dtype} {self.data.shape}, not uint8 (rows, {PIXELS})")
        if not len(self.filenames) == len(self.labels) == len(self.data):
            counts = f"{len(self.filenames)} filenames, {len(self.labels)} labels, {len(self.data)} rows"
            raise ArchiveError(f"has {counts}: the counts must be equal")


@dataclass(frozen=True)
class Archive:
    """A whole archive. class_names are the fine labels, by index."""

    class_names: list[str]
    train: Batch
    test: Batch


def _texts(value: object, key: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ArchiveError(f"has no list of strings under {key!r}")
    return value


def _labels(value: object) -> list[int]:
    if not isinstance(value, list) or not all(type(item) is int and 0 <= item < CLASSES for item in value):
        raise ArchiveError(f"has no list of labels from 0 to {CLASSES - 1} under 'fine_labels'")
    return value


def _mapping(value: object) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise ArchiveError(f"holds a {type(value).__name__}, not a dict: this is not an image archive")
    texts = ((key.decode("latin1") if isinstance(key, bytes) else key, item) for key, item in value.items())
    return {key: item for key, item in texts if isinstance(key, str)}


def _class_names(value: object) -> list[str]:
    names = _texts(_mapping(value).get("fine_label_names"), "fine_label_names")
    if len(names) != CLASSES:
        raise ArchiveError(f"has {len(names)} class names, not {CLASSES}")
    return names


def _batch(value: object) -> Batch:
    fields = _mapping(value)
    pixels = fields.get("data")
    if not isinstance(pixels, Pixels):
        raise ArchiveError("has no array under 'data': this is not an image archive")
    return Batch(_texts(fields.get("filenames"), "filenames"), _labels(fields.get("fine_labels")), pixels.data)


def _part_of(member: tarfile.TarInfo) -> str | None:
    """Return which part a member holds, or None if it is not needed. Refuse members that no honest archive has."""
    name = PurePosixPath(member.name)
    if name.is_absolute() or ".." in name.parts or name.parts[:1] != (FOLDER,):
        raise ArchiveError(f"has {member.name!r}, a path outside its folder {FOLDER}/: the whole archive is refused")
    if not (member.isreg() or member.isdir()):
        raise ArchiveError(f"has {member.name!r}, which is a link or a device: the whole archive is refused")
    if not 0 <= member.size <= MAX_MEMBER_BYTES:
        raise ArchiveError(
            f"has {member.name!r} of {member.size} bytes, not 0 to {MAX_MEMBER_BYTES}: the whole archive is refused"
        )
    part = "/".join(name.parts[1:])
    return part if member.isreg() and part in MEMBERS else None


@contextmanager
def _archive_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except ArchiveError as error:
        raise ArchiveError(f"{path} {error}") from error
    except (MemoryError, RecursionError) as error:
        raise ArchiveError(f"{path} needs more memory than any image archive: the whole archive is refused") from error
    except (EOFError, zlib.error) as error:
        raise ArchiveError(f"{path} is truncated or damaged ({error}): fetch it again") from error
    except (gzip.BadGzipFile, tarfile.TarError, ValueError) as error:
        raise ArchiveError(f"{path} is not a .tar.gz in CIFAR-100's format ({error})") from error
    except OSError as error:
        raise ArchiveError(f"{path} cannot be read: {error.strerror or error}") from error


def _read_part(tar: tarfile.TarFile, member: tarfile.TarInfo) -> object:
    stream = tar.extractfile(member)
    assert stream is not None  # a regular file: see _part_of
    try:
        return safe_pickle.load(stream.read())
    except ArchiveError as error:
        raise ArchiveError(f"{member.name} {error}") from error


class BoundedStream(io.RawIOBase):
    """A stream with a limit: tarfile reads a long member name completely before it checks how long it is."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream, self._left = stream, 0

    def allow(self, size_bytes: int) -> None:
        self._left += size_bytes + MAX_HEADER_BYTES

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ArchiveError(f"has headers of more than {MAX_HEADER_BYTES} bytes: the whole archive is refused")
        return data


def _read_parts(stream: gzip.GzipFile, on_part: Callable[[str], None]) -> dict[str, object]:
    parts: dict[str, object] = {}
    bounded = BoundedStream(stream)
    bounded.allow(0)
    with tarfile.open(fileobj=bounded, mode="r|") as tar:
        for count, member in enumerate(tar, 1):
            if count > MAX_MEMBERS:
                raise ArchiveError(f"has more than {MAX_MEMBERS} members: the whole archive is refused")
            part = _part_of(member)
            bounded.allow(member.size)
            if part is None:
                continue
            if part in parts:
                raise ArchiveError(f"has {member.name!r} twice: the whole archive is refused")
            on_part(part)
            parts[part] = _read_part(tar, member)
    return parts


def drain(stream: io.BufferedIOBase, left: int = MAX_MEMBER_BYTES) -> None:
    """Read to the end of the stream, where gzip checks its checksum."""
    while chunk := stream.read(1024**2):
        left -= len(chunk)
        if left < 0:
            raise ArchiveError(
                f"continues for more than {MAX_MEMBER_BYTES} bytes after its last member: the whole archive is refused"
            )


def read_archive(path: Path, on_part: Callable[[str], None] = lambda part: None) -> Archive:
    """Read and check all three parts. on_part receives the name of each before it is read.

    Raises:
        ArchiveError: names the file and its fault.
    """
    with _archive_errors(path), gzip.open(path) as stream:
        parts = _read_parts(stream, on_part)
        drain(stream)
        if missing := [part for part in MEMBERS if part not in parts]:
            raise ArchiveError(f"has no {FOLDER}/{missing[0]}: this is not CIFAR-100's format")
        return Archive(_class_names(parts["meta"]), _batch(parts["train"]), _batch(parts["test"]))
