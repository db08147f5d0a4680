"""S3's objects as files.

LocalStack keeps small objects in memory and others in unnamed files, which all disappear with its process. Here each
write of an object or of a part goes to a new file, and the object's attribute STORED_AS has the file's name. The files
to which a save refers are therefore complete, even if the process is killed while an object is being overwritten.

A file that is no longer needed is garbage. It is deleted after the next save that does not refer to it.

Locking works as in LocalStack: each key has a readers-writer lock, on which conditional writes rely, too. It is part of
the key's KeyLock, which outlives the successive files of the key. Only readers release it earlier, once their file is
open: the file stays as it is, and a client that reads slowly, or never to the end, must not keep writers waiting.

Because a file stays as it is, the contents of small ones that have been read are kept in memory.
"""

import re
import secrets
import threading
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from localstack.services.s3.storage.core import should_copy_in_place
from localstack.services.s3.storage.ephemeral import (
    EphemeralS3ObjectStore,
    EphemeralS3StoredMultipart,
    EphemeralS3StoredObject,
)

from localstack_plugin.event_loop.readers_writer_lock import ReadersWriterLock
from localstack_plugin.event_loop.small_files import SMALL_BYTES, small_content
from localstack_plugin.event_loop.waits import in_a_thread

STORED_AS = "stored_as"
NAME = re.compile(r"[0-9a-f]{32}")


def is_file_name(name: object) -> bool:
    return isinstance(name, str) and NAME.fullmatch(name) is not None


class ObjectFolder:
    """The folder of the files, and the names of those that are garbage."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.garbage: list[str] = []
        self.in_writing: set[str] = set()

    def new_name(self) -> str:
        name = secrets.token_hex(16)
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        return name

    def path(self, name: str) -> Path:
        if not is_file_name(name):
            raise ValueError(f"{name!r} is not the name of an object's file")
        return self._path / name[:2] / name

    def names(self) -> set[str]:
        """Return the names of all files."""
        return {file.name for file in self._path.glob("??/*") if NAME.fullmatch(file.name)}

    def has(self, name: object, size: int) -> bool:
        """Return whether there is a file of this name, and of this size in bytes."""
        if not isinstance(name, str) or not is_file_name(name):
            return False
        path = self.path(name)
        return path.is_file() and not path.is_symlink() and path.stat().st_size == size

    def delete(self, name: str) -> None:
        self.path(name).unlink(missing_ok=True)


class KeyLock:
    """The readers-writer lock of a key or of a part, and the name of its newest file."""

    def __init__(self, folder: ObjectFolder, name: str | None) -> None:
        self.readwrite_lock = ReadersWriterLock()
        self.name = name
        self._folder = folder

    def new_name(self) -> str:
        """Return the name of a new file, which replaces the previous one. The caller holds the lock."""
        self.close()
        self.name = self._folder.new_name()
        return self.name

    def close(self) -> None:
        """Drop the content: in LocalStack, closing a temporary file deletes it."""
        if self.name is not None:
            self._folder.garbage.append(self.name)


class LockedFile:
    """An open file with the attributes that LocalStack expects of its temporary files."""

    def __init__(self, lock: KeyLock) -> None:
        self.position_lock = threading.RLock()
        self.readwrite_lock = lock.readwrite_lock
        self.internal_last_modified = 0
        self._file: BinaryIO | None = None

    def use(self, file: BinaryIO) -> None:
        """Take over the open file."""
        self._file = file
        self.seek, self.tell, self.read = file.seek, file.tell, file.read
        self.write, self.truncate = file.write, file.truncate

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class StoredObject(EphemeralS3StoredObject):
    """An object or a part that is being read or written."""

    closed: bool
    is_in_memory = False

    def __init__(self, s3_object: Any, lock: KeyLock, folder: ObjectFolder, mode: Any = "r") -> None:
        self._folder = folder
        file = LockedFile(lock)
        super().__init__(s3_object, file, mode)
        try:
            if mode == "w":
                setattr(s3_object, STORED_AS, lock.new_name())
                folder.in_writing.add(getattr(s3_object, STORED_AS))
            file.use(self._opened(folder.path(getattr(s3_object, STORED_AS, ""))))
        except BaseException:  # also where the event loop gets no thread to read the file
            self._lock.release()
            raise
        file.internal_last_modified = s3_object.internal_last_modified if mode == "r" else 0
        if mode == "r":
            self._lock.release()

    def _opened(self, path: Path) -> BinaryIO:
        if self._mode == "w":
            return path.open("w+b")
        if self.s3_object.size > SMALL_BYTES:
            return in_a_thread(lambda: path.open("rb"))
        self.is_in_memory = True
        return BytesIO(small_content(path, self.s3_object.size))

    def write(self, stream: Any) -> int:
        try:
            return int(super().write(stream))
        except BaseException:  # when a copy fails, nothing else releases the lock
            self.close()
            raise

    def close(self) -> None:
        if not self.closed:
            self._folder.in_writing.discard(getattr(self.s3_object, STORED_AS))
            self.file.close()
            if self._mode == "r":
                self.closed = True
            else:
                super().close()


class StoredMultipart(EphemeralS3StoredMultipart):
    """The parts of an upload."""

    def open(self, s3_part: Any, mode: Any = "r") -> StoredObject:
        folder = self._s3_store.folder
        lock = self.parts.get(s3_part.part_number)
        if lock is None:
            lock = self.parts[s3_part.part_number] = KeyLock(folder, getattr(s3_part, STORED_AS, None))
        return StoredObject(s3_part, lock, folder, mode)


class FileObjectStore(EphemeralS3ObjectStore):
    """LocalStack's object store, with objects in files that outlive the process."""

    def __init__(self, folder: ObjectFolder) -> None:
        super().__init__(str(folder._path))
        self.folder = folder
        self._index_lock = threading.Lock()

    def open(self, bucket: str, s3_object: Any, mode: Any = "r") -> StoredObject:
        return StoredObject(s3_object, self._lock_of(bucket, s3_object), self.folder, mode)

    def copy(self, src_bucket: str, src_object: Any, dest_bucket: str, dest_object: Any) -> Any:
        if should_copy_in_place(src_bucket, src_object, dest_bucket, dest_object):
            setattr(dest_object, STORED_AS, getattr(src_object, STORED_AS, None))
        return super().copy(src_bucket, src_object, dest_bucket, dest_object)

    def remove(self, bucket: str, s3_object: Any) -> None:
        """Drop the content of objects. When a refused write removes its own object, the key keeps its lock."""
        for each in s3_object if isinstance(s3_object, list) else [s3_object]:
            if name := getattr(each, STORED_AS, None):
                self.folder.garbage.append(name)
            if name not in self.folder.in_writing:
                self._filesystem[bucket]["keys"].pop(self._key_from_s3_object(each), None)

    def get_multipart(self, bucket: str, s3_multipart: Any) -> StoredMultipart:
        with self._lock_multipart_create:
            uploads = self._filesystem[bucket]["multiparts"]
            if s3_multipart.id not in uploads:
                uploads[s3_multipart.id] = StoredMultipart(self, bucket, s3_multipart, self.root_directory)
            return uploads[s3_multipart.id]

    def remove_multipart(self, bucket: str, s3_multipart: Any) -> None:
        self.get_multipart(bucket, s3_multipart).close()
        for part in s3_multipart.parts.values():
            if name := getattr(part, STORED_AS, None):
                self.folder.garbage.append(name)
        self._filesystem[bucket]["multiparts"].pop(s3_multipart.id, None)

    def create_bucket(self, bucket: str) -> None:
        """Do nothing: all buckets share one folder."""

    def delete_bucket(self, bucket: str) -> None:
        self._filesystem.pop(bucket, None)

    def close(self) -> None:
        """Do nothing: the objects outlive the store."""

    def reset(self) -> None:
        self.folder.garbage.extend(self.folder.names())
        self._filesystem.clear()

    def _lock_of(self, bucket: str, s3_object: Any) -> KeyLock:
        key = self._key_from_s3_object(s3_object)
        with self._index_lock:
            locks = self._filesystem[bucket]["keys"]
            if key not in locks:
                locks[key] = KeyLock(self.folder, getattr(s3_object, STORED_AS, None))
            return locks[key]
