"""Writes of objects and parts that take effect as a whole, or not at all.

A write goes to a new file, which takes the place of the key's last one when the write has succeeded. The files that a
key has one after the other share one lock for readers and writers, which conditional writes rely on, too.
"""

from collections.abc import Callable
from threading import Lock
from types import TracebackType
from typing import Any, Final

from localstack.services.s3.storage.ephemeral import (
    S3_MAX_FILE_SIZE_BYTES,
    EphemeralS3StoredObject,
    LockedSpooledTemporaryFile,
)

from localstack_plugin.replacing import wrap

Files = dict[Any, Any]
Method = Callable[..., Any]


class WholeWrite(EphemeralS3StoredObject):
    """An object or a part that is being written to a file of its own."""

    def __init__(self, s3_object: Any, files: Files, name: Any, folder: str, writes: "Writes") -> None:
        self._files, self._name, self._writes = files, name, writes
        self._is_refused = False
        file = LockedSpooledTemporaryFile(dir=folder, max_size=S3_MAX_FILE_SIZE_BYTES)
        self._last = files.setdefault(name, file)
        file.readwrite_lock = self._last.readwrite_lock
        super().__init__(s3_object, file, "w")
        writes.add(self)

    def refuse(self) -> None:
        """Keep what the key had before."""
        self._is_refused = True

    def write(self, stream: Any) -> int:
        try:
            return int(super().write(stream))
        except BaseException:  # a copy has no other moment to release the lock
            self.refuse()
            self.close()
            raise

    def close(self) -> None:
        if self.closed:
            return
        self._writes.remove(self)
        if self._is_refused:
            if self._files.get(self._name) is self.file:
                del self._files[self._name]  # the key had nothing before
        else:
            self._files[self._name] = self.file
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None:
            self.refuse()
        self.close()


class Writes:
    """The writes in progress, by the objects and parts that they will be."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._writes: dict[int, WholeWrite] = {}

    def add(self, write: WholeWrite) -> None:
        with self._lock:
            self._writes[id(write.s3_object)] = write

    def remove(self, write: WholeWrite) -> None:
        with self._lock:
            self._writes.pop(id(write.s3_object), None)

    def refuse(self, s3_object: Any) -> bool:
        """Refuse the write of this object, and return whether there is one."""
        with self._lock:
            write = self._writes.get(id(s3_object))
        if write is not None:
            write.refuse()
        return write is not None


WRITES: Final = Writes()


def opening_objects(original: Method) -> Method:
    def open_object(store: Any, bucket: str, s3_object: Any, mode: str = "r") -> Any:
        files, name = store._filesystem[bucket]["keys"], store._key_from_s3_object(s3_object)
        if mode == "w":
            return WholeWrite(s3_object, files, name, f"{store.root_directory}/{bucket}", WRITES)
        return newest(files, name, lambda: original(store, bucket, s3_object, mode))

    return open_object


def opening_parts(original: Method) -> Method:
    def open_part(upload: Any, s3_part: Any, mode: str = "r") -> Any:
        files, name = upload.parts, s3_part.part_number
        if mode == "w":
            return WholeWrite(s3_part, files, name, upload.upload_dir, WRITES)
        return newest(files, name, lambda: original(upload, s3_part, mode))

    return open_part


def newest(files: Files, name: Any, open_to_read: Callable[[], Any]) -> Any:
    """Open a file to read, again if a write that had the lock has replaced the file."""
    stored = open_to_read()
    while files.get(name, stored.file) is not stored.file:
        stored.close()
        stored = open_to_read()
    return stored


def removing_objects(original: Method) -> Method:
    def remove(store: Any, bucket: str, s3_object: Any) -> None:
        objects = s3_object if isinstance(s3_object, list) else [s3_object]
        original(store, bucket, [each for each in objects if not WRITES.refuse(each)])

    return remove


def removing_parts(original: Method) -> Method:
    def remove_part(upload: Any, s3_part: Any) -> None:
        if not WRITES.refuse(s3_part):
            original(upload, s3_part)

    return remove_part


def install() -> None:
    wrap(
        "localstack.services.s3.storage.ephemeral:EphemeralS3ObjectStore.open",
        wrapper=opening_objects,
        why="LocalStack writes into the file of the object that a request would replace, and compares the checksum "
        "afterwards. A write that is refused or interrupted destroys the object. Here it is kept.",
    )
    wrap(
        "localstack.services.s3.storage.ephemeral:EphemeralS3StoredMultipart.open",
        wrapper=opening_parts,
        why="The same for a part that is uploaded again.",
    )
    wrap(
        "localstack.services.s3.storage.ephemeral:EphemeralS3ObjectStore.remove",
        wrapper=removing_objects,
        why="To undo a write, LocalStack removes the file of its key. Here only the file of the write is dropped.",
    )
    wrap(
        "localstack.services.s3.storage.ephemeral:EphemeralS3StoredMultipart.remove_part",
        wrapper=removing_parts,
        why="The same for a part.",
    )
