"""Read a tar of unknown origin member by member, with limits on all that is read before a member is known.

tarfile reads long names and extended headers whole, and some of its versions search them in quadratic time, before its
caller sees the member. So only its parser of single header blocks is used here.
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

BLOCK_BYTES = tarfile.BLOCKSIZE
CHUNK_BYTES = 1 << 20
NUMBER_DIGITS_MAX = 20
LONG_NAMES = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE)


class BrokenArchive(Exception):
    """An archive that is damaged, exceeds a limit or leads out of its folder. The text names the fault."""


class Stream(Protocol):
    """A source of bytes; `read` returns nothing at its end."""

    def read(self, size: int, /) -> bytes: ...


class Kind(Enum):
    FILE = "file"
    FOLDER = "folder"
    LINK = "symbolic link"
    HARD_LINK = "hard link"
    OTHER = "device, FIFO or unknown member"


@dataclass(frozen=True)
class Limits:
    """`header_bytes` is for the long names and extended headers of one member, `headers_bytes` for those of all.

    `name_bytes` and `depth` are for one member's name; `size_bytes` is for the content of all members.
    """

    size_bytes: int = 20 << 30
    members: int = 100_000
    header_bytes: int = 64 << 10
    headers_bytes: int = 256 << 20
    name_bytes: int = 4096
    depth: int = 64


@dataclass(frozen=True)
class Member:
    """One member. `target` is what a link names; `mtime` is in seconds since 1970."""

    name: str
    kind: Kind
    size_bytes: int
    mode: int
    mtime: float
    target: str


class TarMembers:
    """The members of a tar, by iteration. `content` yields the current one's bytes; the unread rest is skipped."""

    def __init__(self, stream: Stream, limits: Limits) -> None:
        self._stream, self._limits = stream, limits
        self._left_bytes = self._padding_bytes = 0  # of the current member
        self._size_bytes = self._headers_bytes = self._count = 0
        self._global: dict[str, str] = {}

    def __iter__(self) -> Iterator[Member]:
        """Yield the members up to the end mark. BrokenArchive, and the errors of the stream."""
        while (member := self._next()) is not None:
            self._count += 1
            self._size_bytes += member.size_bytes
            self._refuse_too_much()
            yield member
            self._skip()

    def content(self) -> Iterator[bytes]:
        """Yield the content of the current member in chunks."""
        while self._left_bytes:
            chunk = self._read(min(self._left_bytes, CHUNK_BYTES))
            self._left_bytes -= len(chunk)
            yield chunk

    def _next(self) -> Member | None:
        """Read headers until one of a member; return None at the end of the archive."""
        extended: dict[str, str] = {}
        header_bytes = 0
        while (info := self._header()) is not None:
            if info.type not in LONG_NAMES and info.type not in EXTENDED:
                return self._member(info, {**self._global, **extended})
            header_bytes += BLOCK_BYTES + info.size
            self._headers_bytes += BLOCK_BYTES + info.size
            if info.size < 0 or header_bytes > self._limits.header_bytes:
                raise BrokenArchive(f"it has a header of more than {self._limits.header_bytes} bytes")
            if self._headers_bytes > self._limits.headers_bytes:
                raise BrokenArchive(f"its headers have more than {self._limits.headers_bytes} bytes")
            data = self._read(info.size)
            self._read(-info.size % BLOCK_BYTES)
            if info.type in LONG_NAMES:
                extended[LONG_NAMES[info.type]] = _text(data.partition(b"\0")[0])
            else:
                (self._global if info.type == tarfile.XGLTYPE else extended).update(_records(data))
        return None

    def _header(self) -> tarfile.TarInfo | None:
        block = self._stream.read(BLOCK_BYTES)
        if not block and self._count:
            return None  # as other readers do: an archive may lack its end mark
        block += self._read(BLOCK_BYTES - len(block))
        if not any(block):
            return None
        try:
            return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise BrokenArchive(f"it is not a tar, or damaged after {self._count} members ({error})") from error

    def _member(self, info: tarfile.TarInfo, extended: dict[str, str]) -> Member:
        name, target = extended.get("path", info.name), extended.get("linkpath", info.linkname)
        if info.type == tarfile.GNUTYPE_SPARSE or any(keyword.startswith("GNU.sparse") for keyword in extended):
            raise BrokenArchive(f"it has the sparse file {name[:100]!r}; pack it without --sparse")
        kind = _kind(info)
        size = _number(extended["size"], "size") if "size" in extended else info.size
        has_content = info.isreg() or info.type not in tarfile.SUPPORTED_TYPES
        self._left_bytes = size if has_content else 0
        self._padding_bytes = -self._left_bytes % BLOCK_BYTES
        if size < 0:
            raise BrokenArchive(f"the member {name[:100]!r} has a negative size")
        mtime = _seconds(extended["mtime"]) if "mtime" in extended else float(info.mtime)
        return Member(name.rstrip("/"), kind, self._left_bytes, info.mode, mtime, target)

    def _refuse_too_much(self) -> None:
        size, count = self._limits.size_bytes, self._limits.members
        if self._size_bytes > size or self._count > count:
            raise BrokenArchive(f"it is more than {size} bytes or {count} files")

    def _skip(self) -> None:
        for _ in self.content():
            pass
        self._read(self._padding_bytes)

    def _read(self, size: int) -> bytes:
        """Read exactly `size` bytes."""
        parts: list[bytes] = []
        while size:
            part = self._stream.read(size)
            if not part:
                raise BrokenArchive("it ends too early" if self._count else "it is empty or ends too early")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def _kind(info: tarfile.TarInfo) -> Kind:
    if info.isreg():
        return Kind.FILE
    if info.isdir():
        return Kind.FOLDER
    return Kind.LINK if info.issym() else Kind.HARD_LINK if info.islnk() else Kind.OTHER


def _records(data: bytes) -> dict[str, str]:
    """Return the records of an extended header: `<length> <keyword>=<value>` and a newline, one after another."""
    records: dict[str, str] = {}
    start = 0
    while start < len(data) and data[start]:
        digits, _, _ = data[start : start + NUMBER_DIGITS_MAX].partition(b" ")
        length = _number(_text(digits), "length of an extended header")
        record = data[start : start + length]
        keyword, equals, value = record[len(digits) + 1 : -1].partition(b"=")
        if not equals or not record.endswith(b"\n") or len(record) < length:
            raise BrokenArchive("it has a damaged extended header")
        records[_text(keyword)] = _text(value)
        start += length
    return records


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _number(text: str, what: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= NUMBER_DIGITS_MAX):
        raise BrokenArchive(f"its {what} is {text[:NUMBER_DIGITS_MAX]!r}, not a number")
    return int(text)


def _seconds(text: str) -> float:
    try:
        return float(text[: 2 * NUMBER_DIGITS_MAX])
    except ValueError:
        return 0.0
