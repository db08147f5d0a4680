import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from local_cloud.snapshots import archive
from local_cloud.snapshots.archive import SnapshotError
from local_cloud.snapshots.collection import collect

HEADER = json.dumps({"format": 1}).encode()
Members = dict[str, bytes]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state folder as both servers leave it."""
    state = tmp_path / "state"
    for folder in ("sagemaker/endpoints", "localstack-state/current/services", "localstack-state/current/objects/aa"):
        (state / folder).mkdir(parents=True)
    with closing(sqlite3.connect(state / "sagemaker" / "sagemaker.sqlite3")) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE jobs (name TEXT)")
        database.execute("INSERT INTO jobs VALUES ('job')")
        database.commit()
    current = state / "localstack-state" / "current"
    (current / "manifest.json").write_text('{"format": 1}')
    (current / "services" / "s3-1.json").write_text("{}")
    (current / "objects" / "aa" / "object").write_bytes(b"content")
    (state / "sagemaker" / "lock").write_text("1")
    os.mkfifo(state / "sagemaker" / "endpoints" / "pipe")
    (state / "sagemaker" / "endpoints" / "link").symlink_to("/etc/passwd")
    return state


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}


def jobs(state: Path) -> list[str]:
    with closing(sqlite3.connect(state / "sagemaker" / "sagemaker.sqlite3")) as database:
        return [name for (name,) in database.execute("SELECT name FROM jobs")]


def test_a_snapshot_restores_the_state_of_both_servers(state: Path, tmp_path: Path) -> None:
    archive.write(state, tmp_path / "snapshot.tar.gz")
    archive.restore(tmp_path / "snapshot.tar.gz", tmp_path / "other")
    assert jobs(tmp_path / "other") == ["job"]
    assert names(tmp_path / "other") == {
        "sagemaker/sagemaker.sqlite3",
        "localstack-state/current/manifest.json",
        "localstack-state/current/services/s3-1.json",
        "localstack-state/current/objects/aa/object",
    }


def test_a_restored_state_is_private(state: Path, tmp_path: Path) -> None:
    archive.write(state, tmp_path / "snapshot.tar.gz")
    archive.restore(tmp_path / "snapshot.tar.gz", tmp_path / "other")
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "other").rglob("*")} == {0}


def test_a_snapshot_replaces_the_state_and_leaves_nothing_else(state: Path, tmp_path: Path) -> None:
    archive.write(state, tmp_path / "snapshot.tar.gz")
    (state / "sagemaker" / "newer").write_text("")
    (state / "localstack-state" / "current.2026").mkdir()
    archive.restore(tmp_path / "snapshot.tar.gz", state)
    assert {path.name for path in state.iterdir()} == {"sagemaker", "localstack-state"}
    assert not (state / "sagemaker" / "newer").exists()


def test_a_database_in_use_is_saved_with_what_it_has_committed(state: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(state / "sagemaker" / "sagemaker.sqlite3")) as database:
        database.execute("INSERT INTO jobs VALUES ('committed')")
        database.commit()
        database.execute("INSERT INTO jobs VALUES ('not committed')")
        (tmp_path / "collected").mkdir()
        collect(state, tmp_path / "collected")
    assert jobs(tmp_path / "collected") == ["job", "committed"]


def packed(path: Path, members: Members, change: Callable[[tarfile.TarInfo], None] = lambda member: None) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            change(member)
            tar.addfile(member, io.BytesIO(content))
    return path


def linked(member: tarfile.TarInfo) -> None:
    if member.name.startswith("sagemaker"):
        member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc", 0


def with_a_trigger(tmp_path: Path) -> bytes:
    with closing(sqlite3.connect(tmp_path / "trigger.db")) as database:
        database.execute("CREATE TABLE jobs (name TEXT)")
        database.execute("CREATE TRIGGER act AFTER INSERT ON jobs BEGIN DELETE FROM jobs; END")
    return (tmp_path / "trigger.db").read_bytes()


@pytest.mark.parametrize(
    "members",
    [
        {"snapshot.json": HEADER, "../outside": b""},
        {"snapshot.json": HEADER, "/outside": b""},
        {"snapshot.json": HEADER, "sagemaker/../../outside": b""},
        {"snapshot.json": HEADER, "cloud.json": b"{}"},
        {"snapshot.json": HEADER, "logs/sagemaker.log": b""},
        {"snapshot.json": HEADER, "sagemaker/sagemaker.sqlite3": b"no database at all"},
        {"snapshot.json": b'{"format": 2}'},
        {"snapshot.json": b"[]"},
        {"snapshot.json": b"{"},
        {"sagemaker/x": b""},
        {},
    ],
)
def test_an_archive_that_is_not_a_snapshot_is_refused_and_the_state_stays(
    state: Path, tmp_path: Path, members: Members
) -> None:
    before = names(state)
    with pytest.raises(SnapshotError):
        archive.restore(packed(tmp_path / "hostile.tar.gz", members), state)
    assert names(state) == before
    assert not list(tmp_path.rglob("outside"))


def test_a_snapshot_with_a_link_is_refused(state: Path, tmp_path: Path) -> None:
    members = {"snapshot.json": HEADER, "sagemaker/endpoints": b""}
    with pytest.raises(SnapshotError):
        archive.restore(packed(tmp_path / "hostile.tar.gz", members, linked), state)
    assert jobs(state) == ["job"]


def test_a_database_with_a_trigger_is_refused(state: Path, tmp_path: Path) -> None:
    members = {"snapshot.json": HEADER, "sagemaker/sagemaker.sqlite3": with_a_trigger(tmp_path)}
    with pytest.raises(SnapshotError, match="trigger"):
        archive.restore(packed(tmp_path / "hostile.tar.gz", members), state)
    assert jobs(state) == ["job"]


def test_a_file_that_is_not_an_archive_is_refused(state: Path, tmp_path: Path) -> None:
    (tmp_path / "hostile.tar.gz").write_bytes(b"\x80\x04c__builtin__\neval\n")
    with pytest.raises(SnapshotError, match="cannot be loaded"):
        archive.restore(tmp_path / "hostile.tar.gz", state)
