"""Pipe mode. The FIFO of a channel's first epoch is copied once into a temporary file, which every epoch then reads."""

import os
import select
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from image_classification.data.shared_file import SharedFile
from image_classification.failure import CustomerError, PlatformError

CHUNK_BYTES = 1 << 20
SPOOL_RESERVE_BYTES = 256 << 20
SILENCE_LIMIT_S = 300.0
POLL_S = 0.02


def spooled(fifo: Path, channel: str, silence_limit_s: float = SILENCE_LIMIT_S) -> SharedFile:
    """Copy the FIFO into a temporary file, until its writer closes it. Raises CustomerError and PlatformError."""
    return SharedFile.temporary(checked_for_room(chunks(fifo, channel, silence_limit_s), channel))


def checked_for_room(
    pieces: Iterator[bytes], channel: str, reserve_bytes: int = SPOOL_RESERVE_BYTES
) -> Iterator[bytes]:
    """Pass the chunks on. Raises CustomerError before the disk is full, so that the job can still write its output."""
    size_bytes, folder = 0, tempfile.gettempdir()
    for chunk in pieces:
        size_bytes += len(chunk)
        if shutil.disk_usage(folder).free - len(chunk) < reserve_bytes:
            raise CustomerError(
                f"The {channel} channel's pipe gave more than {size_bytes >> 20} MiB, and {folder} has no room for "
                "the rest. Use a larger VolumeSizeInGB."
            )
        yield chunk


def chunks(fifo: Path, channel: str, silence_limit_s: float) -> Iterator[bytes]:
    try:
        descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # a blocking open would wait forever for a writer
    except OSError as error:
        raise PlatformError(f"The pipe {fifo} of the {channel} channel cannot be opened: {error.strerror}.") from error
    try:
        yield from until_closed(descriptor, f"The pipe {fifo} of the {channel} channel", silence_limit_s)
    finally:
        os.close(descriptor)


def until_closed(descriptor: int, name: str, silence_limit_s: float) -> Iterator[bytes]:
    """Yield what the pipe gives until its writer closes it. Raises PlatformError after `silence_limit_s` of nothing.

    An empty read means that there is no writer: not yet if nothing was read so far, otherwise not any more.
    """
    ready = select.poll()
    ready.register(descriptor, select.POLLIN)
    begun, deadline = False, time.monotonic() + silence_limit_s
    while time.monotonic() < deadline:
        try:
            chunk = os.read(descriptor, CHUNK_BYTES)
        except BlockingIOError:
            ready.poll(1000)
            continue
        if chunk:
            begun, deadline = True, time.monotonic() + silence_limit_s
            yield chunk
        elif begun:
            return
        else:
            time.sleep(POLL_S)
    raise PlatformError(f"{name} gave nothing for {silence_limit_s:g} s.")
