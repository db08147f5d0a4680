"""A program for LocalStack's interpreter: `object_reads.py FOLDER` reads objects on the event loop while others write.

It ends with an error if a reader keeps the loop waiting, sees anything else than what has been written, or keeps the
lock of an object that it could not read.
"""

import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

from localstack.services.s3.models import S3Object
from localstack.services.s3.storage.ephemeral import EphemeralS3ObjectStore

from localstack_plugin.event_loop.loop import event_loop
from localstack_plugin.event_loop.small_files import SMALL_BYTES
from localstack_plugin.event_loop.waits import on_the_loop
from localstack_plugin.idle_threads import IDLE_THREADS
from localstack_plugin.persistence.object_files import STORED_AS, FileObjectStore, ObjectFolder
from localstack_plugin.s3 import quick_reads, whole_writes

BUCKET = "bucket"
DEADLINE_S = 60.0


def start(call: Callable[[], Any]) -> Future[Any]:
    outcome: Future[Any] = Future()
    event_loop().run(lambda: outcome.set_result(call()))
    return outcome


def read(store: Any, s3_object: S3Object) -> bytes:
    with closing(store.open(BUCKET, s3_object, "r")) as stored:
        return bytes(stored.read())


def check(store: Any, content: bytes) -> None:
    """Let a reader wait for a writer, and others read meanwhile and afterwards."""
    store.create_bucket(BUCKET)
    written, other = S3Object("written"), S3Object("other")
    for each in (written, other):
        with store.open(BUCKET, each, "w") as writer:
            writer.write(BytesIO(b"old" + content))
    assert start(lambda: read(store, written)).result(DEADLINE_S) == b"old" + content
    with store.open(BUCKET, written, "w") as writer:
        waiting = start(lambda: read(store, written))
        assert start(lambda: read(store, other)).result(DEADLINE_S) == b"old" + content
        assert not waiting.done()
        writer.write(BytesIO(b"new" + content))
    assert waiting.result(DEADLINE_S) == b"new" + content
    assert start(lambda: read(store, written)).result(DEADLINE_S) == read(store, written) == b"new" + content


def check_damaged(folder: ObjectFolder) -> None:
    """Read an object whose file has lost its end, then where no thread can be had, and at last once both are mended."""
    store, damaged = FileObjectStore(folder), S3Object("damaged")
    with store.open(BUCKET, damaged, "w") as writer:
        writer.write(BytesIO(b"content"))
    file = folder.path(getattr(damaged, STORED_AS))
    file.write_bytes(b"cont")
    assert isinstance(failure(store, damaged), OSError)
    file.write_bytes(b"content")
    with patch.object(IDLE_THREADS, "run_in_idle", side_effect=RuntimeError("can't start new thread")):
        assert isinstance(failure(store, damaged), RuntimeError)
    assert start(lambda: read(store, damaged)).result(DEADLINE_S) == b"content"
    assert store._lock_of(BUCKET, damaged).readwrite_lock.gen_wlock().acquire(blocking=False)


def failure(store: Any, s3_object: S3Object) -> Exception | None:
    try:
        on_the_loop(lambda: read(store, s3_object))
    except Exception as error:  # noqa: BLE001 - the caller judges it
        return error
    return None


quick_reads.install()
whole_writes.install()
folder = Path(sys.argv[1])
for size in (0, SMALL_BYTES):  # in memory, and in a file
    check(EphemeralS3ObjectStore(str(folder / f"temporary-{size}")), bytes(size))
    check(FileObjectStore(ObjectFolder(folder / f"kept-{size}")), bytes(size))
check_damaged(ObjectFolder(folder / "damaged"))
