"""The store: one SQLite file. A change is on disk before the request that made it is answered."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import msgspec

from sagemaker_emulator.storage.changes import ChangeFeed
from sagemaker_emulator.storage.disk_full import DiskFull
from sagemaker_emulator.storage.set_aside import SetAside

log = logging.getLogger(__name__)

SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
    kind TEXT NOT NULL, name TEXT NOT NULL, arn TEXT NOT NULL,
    created REAL NOT NULL, modified REAL NOT NULL, status TEXT, body BLOB NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
-- one for each order of a listing; each has every column that filters, so that a scan reads no bodies
CREATE INDEX IF NOT EXISTS listed_by_name ON resource (kind, name, created, modified, status);
CREATE INDEX IF NOT EXISTS listed_by_creation ON resource (kind, created, name, modified, status);
CREATE INDEX IF NOT EXISTS listed_by_modification ON resource (kind, modified, name, created, status);
CREATE INDEX IF NOT EXISTS listed_by_status ON resource (kind, status, name, created, modified);
CREATE INDEX IF NOT EXISTS resource_by_arn ON resource (arn);
CREATE TABLE IF NOT EXISTS tag (
    arn TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (arn, key)
) WITHOUT ROWID;
"""


class Resource(Protocol):
    """A frozen dataclass that the store can hold: it needs these fields."""

    kind: ClassVar[str]

    @property
    def name(self) -> str: ...
    @property
    def arn(self) -> str: ...
    @property
    def created(self) -> float: ...


R = TypeVar("R", bound=Resource)


class AlreadyExists(Exception):
    """The ARN is taken; `existing` is the ARN. Names that differ only in case share one."""

    def __init__(self, existing: str) -> None:
        super().__init__(existing)
        self.existing = existing


class NotFound(Exception):
    """No resource of this kind and name."""


class Store:
    """Resources in SQLite. Thread-safe; every method is one transaction, which survives `kill -9` (WAL) but perhaps
    not a power failure (`synchronous=NORMAL`).

    DiskFull for a change that found no room: it was not made, and the next one may succeed. A row that cannot be read
    counts as missing: one that is no JSON is set aside, one of another version of the emulator stays.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._damaged = path, SetAside(path.parent)
        self._unreadable: set[str] = set()
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._lock = threading.RLock()
        self.changes = ChangeFeed()
        self._changed: list[tuple[Resource | None, Resource]] = []  # in the transaction under way
        self._connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;" + SCHEMA)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Commit all calls inside the block, or none. Blocks may be nested: the lock is re-entrant.

        The feed gets the changes after the commit, so that no event tells of one that was undone.
        """
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException as error:  # whatever the reason, a transaction is complete or undone
                self._changed.clear()
                if self._connection.in_transaction:  # after some errors SQLite has rolled back by itself
                    self._connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and _is_disk_full(error):
                    raise DiskFull(self._path) from error
                raise
            for before, after in self._changed:
                self.changes.put(before, after)
            self._changed.clear()

    def add(self, resource: Resource, tags: dict[str, str] | None = None) -> None:
        with self.transaction() as connection:
            if self.has_arn(resource.arn):
                raise AlreadyExists(resource.arn)
            connection.execute("INSERT INTO resource VALUES (?, ?, ?, ?, ?, ?, ?)", _row(resource))
            self.put_tags(resource.arn, tags or {})
            self._changed.append((None, resource))

    def get(self, type_: type[R], name: str) -> R:
        with self._lock:
            row = self._connection.execute(
                "SELECT body FROM resource WHERE kind = ? AND name = ?", (type_.kind, name)
            ).fetchone()
        if row is None:
            raise NotFound(name)
        return self._decoded(type_, name, row[0])

    def by_arn(self, type_: type[R], arn: str) -> R:
        with self._lock:
            row = self._connection.execute(
                "SELECT name, body FROM resource WHERE arn = ? AND kind = ?", (arn, type_.kind)
            ).fetchone()
        if row is None:
            raise NotFound(arn)
        return self._decoded(type_, *row)

    def change(self, type_: type[R], name: str, change: Callable[[R], R]) -> R:
        """Read, change and write a resource in one transaction, so that no thread overwrites another's change."""
        return self.change_read(lambda: self.get(type_, name), change)

    def change_read(self, read: Callable[[], R], change: Callable[[R], R]) -> R:
        """Change the resource that `read` returns from this store, in one transaction as `change` does."""
        with self.transaction() as connection:
            before = read()
            changed = change(before)
            kind, name, _, _, modified, status, body = _row(changed)
            connection.execute(
                "UPDATE resource SET modified = ?, status = ?, body = ? WHERE kind = ? AND name = ?",
                (modified, status, body, kind, name),
            )
            self._changed.append((before, changed))
        return changed

    def remove(self, type_: type[R], name: str) -> R:
        with self.transaction() as connection:
            resource = self.get(type_, name)
            connection.execute("DELETE FROM resource WHERE kind = ? AND name = ?", (type_.kind, name))
            connection.execute("DELETE FROM tag WHERE arn = ?", (resource.arn,))
        return resource

    def all(self, type_: type[R]) -> list[R]:
        with self._lock:
            rows = self._connection.execute(
                "SELECT name, body FROM resource WHERE kind = ? ORDER BY created, name", (type_.kind,)
            ).fetchall()
        return list(self._readable(type_, rows))

    def select(self, type_: type[R], where: str, parameters: tuple[Any, ...], order: str, limit: int) -> list[R]:
        """Return resources. `where` and `order` are SQL from this program, never text of a request."""
        query = f"SELECT name FROM resource WHERE kind = ? AND {where} ORDER BY {order} LIMIT ?"  # noqa: S608
        with self._lock:
            names = self._connection.execute(query, (type_.kind, *parameters, limit)).fetchall()
            return list(self._readable(type_, ((name, self._body(type_.kind, name)) for (name,) in names)))

    def has_arn(self, arn: str) -> bool:
        with self._lock:
            return self._connection.execute("SELECT 1 FROM resource WHERE arn = ?", (arn,)).fetchone() is not None

    def tags(self, arn: str) -> dict[str, str]:
        with self._lock:
            return dict(self._connection.execute("SELECT key, value FROM tag WHERE arn = ? ORDER BY key", (arn,)))

    def put_tags(self, arn: str, tags: dict[str, str]) -> None:
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO tag VALUES (?, ?, ?)", [(arn, key, value) for key, value in tags.items()]
            )

    def remove_tags(self, arn: str, keys: list[str]) -> None:
        with self.transaction() as connection:
            connection.executemany("DELETE FROM tag WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def _body(self, kind: str, name: str) -> bytes:
        row = self._connection.execute("SELECT body FROM resource WHERE kind = ? AND name = ?", (kind, name)).fetchone()
        return bytes(row[0])

    def _readable(self, type_: type[R], rows: Iterable[tuple[str, bytes]]) -> Iterator[R]:
        for name, body in rows:
            with suppress(NotFound):
                yield self._decoded(type_, name, body)

    def _decoded(self, type_: type[R], name: str, body: bytes) -> R:
        """Return the resource of a row. NotFound for a row that cannot be read; the log says why, once."""
        try:
            return msgspec.json.decode(body, type=type_)
        except msgspec.ValidationError as error:  # perhaps of a later version, which will read it again
            if f"{type_.kind} {name}" not in self._unreadable:
                self._unreadable.add(f"{type_.kind} {name}")
                log.error("the %s %r in %s cannot be read and is left out: %s", type_.kind, name, self._path, error)
        except msgspec.DecodeError as error:
            self._set_aside(type_.kind, name, body, error)
        raise NotFound(name)

    def _set_aside(self, kind: str, name: str, body: bytes, error: Exception) -> None:
        with suppress(OSError), self.transaction() as connection:
            self._damaged.write(f"{kind}-{name}", body, str(error))
            connection.execute("DELETE FROM resource WHERE kind = ? AND name = ?", (kind, name))


def _is_disk_full(error: sqlite3.OperationalError) -> bool:
    """Return whether there was no room: for a page, or for the file that SQLite extends before it writes."""
    code = error.sqlite_errorcode & 0xFF  # the primary code
    return code == sqlite3.SQLITE_FULL or error.sqlite_errorcode in (
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_FSYNC,
        sqlite3.SQLITE_IOERR_TRUNCATE,
    )


def _row(resource: Any) -> tuple[Any, ...]:
    return (
        resource.kind,
        resource.name,
        resource.arn,
        resource.created,
        getattr(resource, "modified", resource.created),
        getattr(resource, "status", None),
        msgspec.json.encode(resource),
    )
