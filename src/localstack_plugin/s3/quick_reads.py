"""GetObject on the event loop: small contents are in memory, and another thread does what may take long."""

import functools
from collections.abc import Callable
from contextlib import closing
from typing import Any

from localstack_plugin.event_loop.readers_writer_lock import ReadersWriterLock
from localstack_plugin.event_loop.waits import in_a_thread
from localstack_plugin.replacing import wrap

Function = Callable[..., Any]


def install() -> None:
    wrap(
        "localstack.services.s3.provider:S3Provider.get_object",
        wrapper=with_content,
        why="LocalStack reads an object from its file while it sends the answer. The content of a small object is in "
        "memory, and is sent at once.",
    )
    wrap(
        "localstack.services.s3.provider:validate_kms_key_id",
        wrapper=off_the_loop,
        why="To check the key of an encrypted object, LocalStack asks KMS, which it may have to load. On the event "
        "loop, another thread does this.",
    )
    wrap(
        "localstack.services.s3.storage.ephemeral:LockedFileMixin.__init__",
        wrapper=with_lock_for_greenlets,
        why="LocalStack's reader of an object waits for the object's writer. On the event loop, it lets others run.",
    )


def with_content(original: Function) -> Function:
    @functools.wraps(original)
    def get_object(*arguments: Any, **options: Any) -> Any:
        answer = original(*arguments, **options)
        parts = answer["Body"]
        if getattr(getattr(parts, "iterable", parts), "is_in_memory", False):  # a range has the object as `iterable`
            with closing(parts):
                answer["Body"] = b"".join(parts)
        return answer

    return get_object


def off_the_loop(original: Function) -> Function:
    @functools.wraps(original)
    def call(*arguments: Any, **options: Any) -> Any:
        return in_a_thread(functools.partial(original, *arguments, **options))

    return call


def with_lock_for_greenlets(original: Function) -> Function:
    @functools.wraps(original)
    def __init__(file: Any, *arguments: Any, **options: Any) -> None:  # noqa: N807 - takes the place of one
        original(file, *arguments, **options)
        file.readwrite_lock = ReadersWriterLock()

    return __init__
