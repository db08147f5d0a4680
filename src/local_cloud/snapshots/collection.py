"""The files of a snapshot, collected from a state folder while the servers may be running.

The newest save is LocalStack's state: its manifest names the documents, and these name the files of objects. A running
LocalStack first replaces the manifest and then deletes old files. All files of the current manifest therefore exist,
and a collection starts again if the manifest is replaced meanwhile. Most files are linked, not copied, because the
servers do not change them once they are written. Databases, files that grow, and the manifest are copied.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from local_cloud.errors import LocalCloudError

LOCALSTACK = Path("localstack-state") / "current"
SAGEMAKER = Path("sagemaker")
ATTEMPTS = 20
CHANGING = (".sqlite3", ".db", ".jsonl")
TEMPORARY = ("-wal", "-shm", "-journal", ".new")
NOT_STATE = ("lock",)


def collect(state_dir: Path, folder: Path) -> None:
    """Collect the state of both servers in an empty folder on the same disk. Raises LocalCloudError."""
    collect_localstack(state_dir / LOCALSTACK, folder / LOCALSTACK)
    copy_tree(state_dir / SAGEMAKER, folder / SAGEMAKER)


def collect_localstack(source: Path, target: Path) -> None:
    manifest = source / "manifest.json"
    for _ in range(ATTEMPTS):
        shutil.rmtree(target, ignore_errors=True)
        before = manifest.read_bytes() if manifest.exists() else b""
        try:
            copy_tree(source, target)
        except FileNotFoundError:  # a save has deleted it meanwhile
            continue
        if (manifest.read_bytes() if manifest.exists() else b"") == before:
            return
    raise LocalCloudError(
        f"LocalStack saved its state again each of the {ATTEMPTS} times that it was read. Try again later, or run "
        "`scones down` first"
    )


def copy_tree(source: Path, target: Path) -> None:
    """Link or copy all regular files; leave out links, sockets, and files that belong to a running process."""
    target.mkdir(parents=True, exist_ok=True)
    for path in _files(source):
        copied = target / path.relative_to(source)
        copied.parent.mkdir(parents=True, exist_ok=True)
        _copy(path, copied)


def _files(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        return
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        elif entry.is_file(follow_symlinks=False) and not _belongs_to_a_process(entry.name):
            yield Path(entry.path)


def _belongs_to_a_process(name: str) -> bool:
    """Return whether a file means something only to the process that has it open."""
    return name.endswith(TEMPORARY) or name in NOT_STATE


def _copy(path: Path, target: Path) -> None:
    if path.suffix in (".sqlite3", ".db"):
        with (
            closing(sqlite3.connect(path.as_uri() + "?mode=ro", uri=True)) as database,
            closing(sqlite3.connect(target)) as copy,
        ):
            database.backup(copy)
    elif path.suffix in CHANGING or path.name == "manifest.json":
        shutil.copyfile(path, target)
    else:
        os.link(path, target)
