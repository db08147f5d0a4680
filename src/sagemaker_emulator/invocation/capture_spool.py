"""The spool of data capture: files on disk that wait for S3, in a folder for each S3 prefix.

    <spool>/<16 hex digits of the prefix's SHA-256>/prefix                        the S3 prefix
    <spool>/<16 hex digits of the prefix's SHA-256>/yyyy.mm.dd.hh.MM-SS-…jsonl    records, one in each line

A file contains whole records only: a record that does not fit on the disk is cut off again. `repair` sets aside
whatever else is in the spool, before the first file is sent.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.storage.atomic_files import write_atomically
from sagemaker_emulator.storage.set_aside import SetAside

PREFIX_FILE = "prefix"
FILE_NAME = re.compile(r"\d{4}\.\d\d\.\d\d\.\d\d\.\d\d-\d\d-\d{3}-[0-9a-f-]{36}\.jsonl")

log = logging.getLogger(__name__)


@dataclass
class OpenFile:
    """A spool file that records are still appended to. Times are monotonic seconds."""

    path: Path
    descriptor: int
    opened: float
    last_record: float
    size: int = 0

    def append(self, line: bytes) -> None:
        """Append a record. After an OSError the file ends with the record before it."""
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self.descriptor, rest) :]
        except OSError:
            os.ftruncate(self.descriptor, self.size)
            raise
        self.size += len(line)
        self.last_record = time.monotonic()

    def close(self) -> None:
        """Close the file, and remove it if it has no record."""
        with suppress(OSError):  # every record has been written: nothing is left to lose
            os.close(self.descriptor)
        if not self.size:
            self.path.unlink(missing_ok=True)


def new_file(spool: Path, prefix: str, now: datetime) -> OpenFile:
    """Open a file for records whose S3 key begins with `prefix`."""
    directory = spool / _folder_name(prefix)
    directory.mkdir(parents=True, exist_ok=True)
    if _prefix_of(directory) is None:
        write_atomically(directory / PREFIX_FILE, [prefix.encode()])
    name = now.strftime("%Y.%m.%d.%H.%M-%S-") + f"{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl"
    path, opened = directory / name, time.monotonic()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o600)
    return OpenFile(path, descriptor, opened, opened)


def target_of(path: Path) -> S3Location | None:
    """Return the S3 location of a spool file, or None if the name of its prefix is lost.

    The file's first four dots stand for folders: year, month, day and hour.
    """
    prefix = _prefix_of(path.parent)
    return S3Location.parse(f"{prefix}/{path.name.replace('.', '/', 4)}") if prefix else None


def repair(spool: Path, damaged: SetAside) -> None:
    """Set aside files that no emulator can have written: they can never be sent."""
    if spool.exists() and not spool.is_dir():
        damaged.move(spool, "it should be the folder of captured data")
    spool.mkdir(parents=True, exist_ok=True)
    for folder in sorted(spool.iterdir()):
        if folder.is_symlink() or not folder.is_dir():
            damaged.move(folder, "only folders belong in the spool of captured data")
        elif _prefix_of(folder) is None:
            damaged.move(folder, f"its file {PREFIX_FILE!r} does not say where in S3 its records belong")
        else:
            _repair_folder(folder, damaged)


def _repair_folder(folder: Path, damaged: SetAside) -> None:
    for path in sorted(folder.iterdir()):
        if path.name == PREFIX_FILE:
            continue
        if path.name == f"{PREFIX_FILE}.new" or (path.is_file() and not path.stat().st_size):
            path.unlink()  # begun when the emulator was killed
        elif path.is_symlink() or not path.is_file() or not FILE_NAME.fullmatch(path.name):
            damaged.move(path, "it is not a file of captured data")
        else:
            _repair_file(path, damaged)


def _repair_file(path: Path, damaged: SetAside) -> None:
    """Keep the whole records of a file. The last one is cut short if the machine lost its power."""
    count, broken = 0, []
    with path.open("rb") as lines:
        for line in lines:
            count += 1
            broken += [] if _is_record(line) else [line]
    if len(broken) == count:
        damaged.move(path, "it has no complete record")
    elif broken:
        damaged.write(path.name, b"".join(broken), f"{len(broken)} of {count} records are incomplete")
        with path.open("rb") as lines:
            write_atomically(path, filter(_is_record, lines))


def _is_record(line: bytes) -> bool:
    try:
        return line.endswith(b"\n") and isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _folder_name(prefix: str) -> str:
    return hashlib.sha256(prefix.encode()).hexdigest()[:16]


def _prefix_of(folder: Path) -> str | None:
    """Return the prefix of a folder, or None if its file is missing or damaged: the folder's name is its hash."""
    try:
        prefix = (folder / PREFIX_FILE).read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None
    return prefix if _folder_name(prefix) == folder.name else None
