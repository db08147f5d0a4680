"""The store on a full disk, and with rows that are damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from sagemaker_emulator.resources.model import Model
from sagemaker_emulator.storage.disk_full import DiskFull
from sagemaker_emulator.storage.store import NotFound, Store


def model(name: str, size: int = 0) -> Model:
    return Model(name, f"arn:{name}", {"Comment": "x" * size}, 1.0)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store.sqlite3")
    yield store
    store.close()


def limit_pages(store: Store, more: int) -> None:
    """Let the store grow by so many pages at most: SQLite then fails as on a full disk."""
    with store.transaction() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    store._connection.execute(f"PRAGMA max_page_count = {pages + more}")


def test_a_change_without_room_is_refused_whole_and_the_next_one_is_stored(tmp_path: Path, store: Store) -> None:
    store.add(model("first"))
    limit_pages(store, 1)
    with pytest.raises(DiskFull, match=r"store\.sqlite3"):
        store.add(model("large", 1 << 16))
    limit_pages(store, 1000)
    store.add(model("second"))
    with sqlite3.connect(tmp_path / "store.sqlite3") as other:
        names = [name for (name,) in other.execute("SELECT name FROM resource ORDER BY name")]
    other.close()
    assert names == ["first", "second"]


def test_a_damaged_row_is_set_aside_and_its_name_is_free(tmp_path: Path, store: Store) -> None:
    store.add(model("good"))
    store.add(model("damaged"))
    with store.transaction() as connection:
        connection.execute("UPDATE resource SET body = ? WHERE name = 'damaged'", (b'{"name": "dam',))
    assert [one.name for one in store.all(Model)] == ["good"]
    with pytest.raises(NotFound):
        store.get(Model, "damaged")
    (kept,) = (tmp_path / "set-aside").iterdir()
    assert kept.read_bytes() == b'{"name": "dam'
    store.add(model("damaged"))


def test_a_row_of_another_version_is_left_out_and_kept(tmp_path: Path, store: Store) -> None:
    store.add(model("later"))
    with store.transaction() as connection:
        connection.execute("UPDATE resource SET body = ?", (b'{"name": 7}',))
    assert store.select(Model, "1 = 1", (), "name", 10) == []
    assert store.has_arn("arn:later")
    assert not (tmp_path / "set-aside").exists()
