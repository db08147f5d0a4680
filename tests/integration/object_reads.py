"""A program for LocalStack's interpreter: `object_reads.py FOLDER` reads objects on the event loop.

It ends with an error if a reader keeps the loop waiting, sees anything else than what has been written, or keeps the
lock of an object that it could not read.
"""

import os
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from localstack.services.s3 import provider
from localstack.services.s3.models import S3Bucket, S3Object, s3_stores
from localstack.services.s3.storage.ephemeral import EphemeralS3ObjectStore

from localstack_plugin.event_loop.loop import event_loop, is_on_loop
from localstack_plugin.event_loop.small_files import SMALL_BYTES
from localstack_plugin.idle_threads import IDLE_THREADS
from localstack_plugin.persistence.object_files import FileObjectStore, ObjectFolder
from localstack_plugin.s3 import quick_reads, whole_writes

ACCOUNT, REGION, BUCKET = "123456789012", "eu-west-1", "bucket"
DEADLINE_S = 60.0


def start(call: Callable[[], Any]) -> Future[Any]:
    outcome: Future[Any] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - whoever waits for the outcome raises it
            outcome.set_exception(error)

    event_loop().run(run)
    return outcome


def written(store: Any, key: str, content: bytes) -> S3Object:
    s3_object = S3Object(key, etag="0af9")
    with store.open(BUCKET, s3_object, "w") as writer:
        writer.write(BytesIO(content))
    return s3_object


def read(store: Any, s3_object: S3Object) -> bytes:
    with closing(store.open(BUCKET, s3_object, "r")) as stored:
        return bytes(stored.read())


def check_lock(store: Any, content: bytes) -> None:
    """Let a reader wait for a writer, and others read meanwhile and afterwards."""
    store.create_bucket(BUCKET)
    changed, other = written(store, "changed", b"old" + content), written(store, "other", b"old" + content)
    assert start(lambda: read(store, changed)).result(DEADLINE_S) == b"old" + content
    with store.open(BUCKET, changed, "w") as writer:
        waiting = start(lambda: read(store, changed))
        assert start(lambda: read(store, other)).result(DEADLINE_S) == b"old" + content
        assert not waiting.done()
        writer.write(BytesIO(b"new" + content))
    assert waiting.result(DEADLINE_S) == b"new" + content
    assert start(lambda: read(store, changed)).result(DEADLINE_S) == read(store, changed) == b"new" + content


def check_disk(folder: ObjectFolder, size: int) -> None:
    """Let the disk, whose place a pipe takes, keep a reader waiting, and others read meanwhile.

    The content of a large object is not read before it is sent.
    """
    store = FileObjectStore(folder)
    slow, other = written(store, "slow", bytes(size)), written(store, "other", b"other")
    path = folder.path(slow.stored_as)
    path.unlink()
    os.mkfifo(path)
    waiting = start(lambda: store.open(BUCKET, slow).close())
    assert start(lambda: read(store, other)).result(DEADLINE_S) == b"other"
    assert not waiting.done()
    path.write_bytes(bytes(size if size <= SMALL_BYTES else 0))
    waiting.result(DEADLINE_S)


def check_damaged(folder: ObjectFolder) -> None:
    """Read an object whose file has lost its end, then where no thread can be had, and at last once both are mended."""
    store = FileObjectStore(folder)
    damaged = written(store, "damaged", b"content")
    file = folder.path(damaged.stored_as)
    file.write_bytes(b"cont")
    assert isinstance(start(lambda: read(store, damaged)).exception(DEADLINE_S), OSError)
    file.write_bytes(b"content")
    with patch.object(IDLE_THREADS, "run_in_idle", side_effect=RuntimeError("can't start new thread")):
        assert isinstance(start(lambda: read(store, damaged)).exception(DEADLINE_S), RuntimeError)
    assert start(lambda: read(store, damaged)).result(DEADLINE_S) == b"content"
    assert store._lock_of(BUCKET, damaged).readwrite_lock.gen_wlock().acquire(blocking=False)


def check_bodies(store: FileObjectStore, content: bytes, is_in_memory: bool) -> None:
    """Compare what GetObject answers, and whether it is in memory, with an object's content."""
    bucket = S3Bucket(BUCKET, ACCOUNT, REGION, {})
    s3_stores[ACCOUNT][REGION].buckets[BUCKET] = bucket
    bucket.objects.set("key", written(store, "key", content))
    s3, context = provider.S3Provider(store), SimpleNamespace(account_id=ACCOUNT, region=REGION)
    for last, options in ((len(content), {}), (5, {"Range": "bytes=0-4"})):
        request = {"Bucket": BUCKET, "Key": "key", **options}
        body = start(partial(s3.get_object, context, request)).result(DEADLINE_S)["Body"]
        assert isinstance(body, bytes) is is_in_memory
        assert (body if is_in_memory else b"".join(body)) == content[:last]


class BucketOfKey:
    """The bucket of an object whose key is checked. It notes where that is done."""

    is_checked_on_loop: bool | None = None

    @property
    def region_name(self) -> str:
        self.is_checked_on_loop = is_on_loop()
        raise InterruptedError  # KMS is not asked


def check_key() -> None:
    bucket = BucketOfKey()
    with suppress(InterruptedError):
        start(lambda: provider.validate_kms_key_id("key", bucket)).result(DEADLINE_S)
    assert bucket.is_checked_on_loop is False


quick_reads.install()
whole_writes.install()
root = Path(sys.argv[1])
for size in (0, SMALL_BYTES):  # in memory, and in a file
    check_lock(EphemeralS3ObjectStore(str(root / f"temporary-{size}")), bytes(size))
    check_lock(FileObjectStore(ObjectFolder(root / f"kept-{size}")), bytes(size))
for size in (SMALL_BYTES, SMALL_BYTES + 1):
    check_disk(ObjectFolder(root / f"slow-{size}"), size)
    check_bodies(FileObjectStore(ObjectFolder(root / f"bodies-{size}")), b"content".ljust(size), size == SMALL_BYTES)
check_damaged(ObjectFolder(root / "damaged"))
check_key()
