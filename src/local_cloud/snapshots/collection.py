"""The files of a snapshot, collected from a state folder while the servers may be running.

LocalStack's state is that of its newest save: a manifest names the documents, and these name the files of objects. A
running LocalStack replaces the manifest first and deletes files afterwards. So all files that a manifest names exist as
long as it is the newest, and a collection during which it was replaced is done again. Files are linked, not copied:
neither server changes a file that it has written, except databases and files that only grow, which are copied.
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
        f"LocalStack has saved its state {ATTEMPTS} times while it was read. Wait until less is changed, or run "
        "`scones down` first"
    )


def copy_tree(source: Path, target: Path) -> None:
    """Link or copy all regular files; leave out links, sockets and what belongs to a running process."""
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
        elif (
            entry.is_file(follow_symlinks=False) and not entry.name.endswith(TEMPORARY) and entry.name not in NOT_STATE
        ):
            yield Path(entry.path)


def _is_passing(name: str) -> bool:
    """Return whether a file belongs to the process that has it open."""
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
