"""The file of a snapshot: a tar.gz whose first member, `snapshot.json`, has its format and date.

A snapshot may come from somebody else. `safety` unpacks it: no name leads out of the folder, links are refused, sizes
and numbers are limited. The unpacked files are checked before they replace a state: they may contain only the folders
of the two servers, and only databases without triggers and views, which could run SQL when a server uses them.
"""

import io
import json
import secrets
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from local_cloud.errors import LocalCloudError
from local_cloud.snapshots.collection import LOCALSTACK, SAGEMAKER, collect
from safety.private_files import make_private
from safety.tar_members import BrokenArchive, Limits
from safety.unpacking import unpack_gzip

FORMAT = 1
HEADER = "snapshot.json"
COMPRESSION = 1  # most of a snapshot is model data, which hardly compresses
LIMITS = Limits(size_bytes=50 << 30, members=1_000_000)
HEADER_MAX_BYTES = 1 << 20
FOLDERS = (SAGEMAKER.parts[0], LOCALSTACK.parts[0])


@dataclass(frozen=True)
class Header:
    format: int
    created: str


class SnapshotError(LocalCloudError):
    """A snapshot cannot be written, or must not be loaded."""


def write(state_dir: Path, archive: Path) -> None:
    """Write the state of the cloud into a new file. Raises LocalCloudError."""
    with _scratch(state_dir) as folder:
        collect(state_dir, folder)
        new = archive.with_name(f".{archive.name}.{secrets.token_hex(4)}")
        try:
            with tarfile.open(new, "w:gz", compresslevel=COMPRESSION) as tar:
                _add_header(tar, Header(FORMAT, datetime.now(UTC).isoformat(timespec="seconds")))
                for name in FOLDERS:
                    tar.add(folder / name, name, filter=_anonymous)
            new.replace(archive)
        finally:
            new.unlink(missing_ok=True)


def restore(archive: Path, state_dir: Path) -> None:
    """Replace the state in the folder with that of a snapshot.

    Raises SnapshotError, and leaves the old state, if the snapshot must not be loaded.
    """
    with _scratch(state_dir) as folder:
        try:
            unpack_gzip(archive, folder, LIMITS)
        except (BrokenArchive, OSError) as error:
            raise SnapshotError(f"{archive} cannot be loaded: {error}") from error
        check(folder, archive)
        make_private(folder)
        for name in FOLDERS:
            (folder / name).mkdir(exist_ok=True)
            if (state_dir / name).exists():
                (state_dir / name).rename(folder / f"replaced-{name}")
            (folder / name).rename(state_dir / name)


def check(folder: Path, archive: Path) -> None:
    """Raise SnapshotError unless the folder contains a state such as `write` collects."""
    header = _header(folder / HEADER)
    if header.get("format") != FORMAT:
        raise SnapshotError(
            f"{archive} is not a snapshot of format {FORMAT}: its {HEADER} has {header.get('format')!r}"
        )
    if unexpected := sorted({entry.name for entry in folder.iterdir()} - {HEADER, *FOLDERS}):
        raise SnapshotError(f"{archive} contains {unexpected[0]!r}, which is not part of a state")
    for name in FOLDERS:
        for path in (folder / name).rglob("*"):
            if path.suffix in (".sqlite3", ".db"):
                _check_database(path, archive)


def _check_database(path: Path, archive: Path) -> None:
    try:
        with closing(sqlite3.connect(path.as_uri() + "?mode=ro&immutable=1", uri=True)) as database:
            database.execute("PRAGMA trusted_schema = OFF")
            kinds = {kind for (kind,) in database.execute("SELECT type FROM sqlite_master")}
            ((verdict,), *_) = database.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        raise SnapshotError(f"{archive}: {path.name} is not a database: {error}") from error
    if kinds - {"table", "index"} or verdict != "ok":
        raise SnapshotError(
            f"{archive}: {path.name} is not a database of a state: {', '.join(sorted(kinds))}; {verdict}"
        )


def _header(path: Path) -> dict[str, object]:
    try:
        if path.is_symlink() or path.stat().st_size > HEADER_MAX_BYTES:
            return {}
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _add_header(tar: tarfile.TarFile, header: Header) -> None:
    content = json.dumps(asdict(header)).encode()
    member = tarfile.TarInfo(HEADER)
    member.size = len(content)
    tar.addfile(member, io.BytesIO(content))


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Remove the owner of the file."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member


@contextmanager
def _scratch(state_dir: Path) -> Iterator[Path]:
    """Yield a temporary folder on the same disk as the state folder, and remove it afterwards."""
    folder = state_dir / f"snapshot.{secrets.token_hex(4)}"
    state_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
