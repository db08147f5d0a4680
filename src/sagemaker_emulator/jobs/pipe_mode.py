"""Pipe mode: a channel as FIFOs `<channel>_<epoch>`, one for each epoch, fed from S3 while they are read."""

from __future__ import annotations

import errno
import json
import logging
import os
import select
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, S3Location
from sagemaker_emulator.jobs import pipe_encodings
from sagemaker_emulator.jobs.channel import Channel, InputError
from sagemaker_emulator.jobs.downloads import CHUNK_BYTES
from sagemaker_emulator.jobs.input_objects import objects_of
from sagemaker_emulator.jobs.manifests import augmented_lines

POLL_S = 0.02
JOIN_S = 5.0

log = logging.getLogger(__name__)


class Ended(Exception):
    """Feeding stops: the container has ended or is about to, or its FIFO is gone or was replaced."""


@dataclass(frozen=True)
class Source:
    """The bytes of a channel that one host receives."""

    s3: Any
    channel: Channel
    host_index: int
    host_count: int

    def chunks(self, epoch: int) -> Iterator[bytes]:
        if self.channel.is_augmented:
            return self._attributes(epoch)
        return self._objects(epoch)

    def _objects(self, epoch: int) -> Iterator[bytes]:
        for item in objects_of(self.s3, self.channel, self.host_index, self.host_count, epoch):
            yield from self._object(item.location)

    def _object(self, location: S3Location) -> Iterator[bytes]:
        answer = self.s3.get_object(Bucket=location.bucket, Key=location.key)
        chunks = answer["Body"].iter_chunks(CHUNK_BYTES)
        if self.channel.compression == "Gzip":
            chunks = pipe_encodings.gunzipped(chunks, str(location))
            return pipe_encodings.spooled_record(chunks) if self.channel.wrapped else chunks
        return pipe_encodings.record(chunks, answer["ContentLength"]) if self.channel.wrapped else iter(chunks)

    def _attributes(self, epoch: int) -> Iterator[bytes]:
        """Yield the content of each named attribute, in the order of the names.

        For a name that ends in -ref, it is the content of the object. A wrapped channel gets each as a record.
        """
        lines = augmented_lines(self.s3, self.channel.location)
        for entry in self.channel.share(lines, self.host_index, self.host_count, epoch):
            for name in self.channel.attribute_names:
                if name not in entry:
                    raise InputError(
                        f"A line of {self.channel.uri} has no attribute {name!r}: {json.dumps(entry)[:200]}"
                    )
                yield from self._attribute(name, entry[name])

    def _attribute(self, name: str, value: Any) -> Iterator[bytes]:
        if name.endswith("-ref"):
            return self._object(S3Location.parse(str(value)))
        text = value if isinstance(value, str) else json.dumps(value)
        content = text.encode()
        return pipe_encodings.record(iter([content]), len(content)) if self.channel.wrapped else iter([content])


class PipeFeeder:
    """One channel of one host.

    The first FIFO exists from the start; each later one is made before the one before it is closed.
    """

    def __init__(self, source: Source, directory: Path, failed: Callable[[], None]) -> None:
        self._source, self._directory, self._failed = source, directory, failed
        self._over = threading.Event()
        self.error: str | None = None
        self._make(0)
        name = f"pipe {source.channel.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join(JOIN_S)

    def _fifo(self, epoch: int) -> Path:
        return self._directory / f"{self._source.channel.name}_{epoch}"

    def _make(self, epoch: int) -> None:
        os.mkfifo(self._fifo(epoch), 0o666)

    def _run(self) -> None:
        try:
            for epoch in count():
                self._feed(epoch)
        except Ended:
            return
        except (InputError, ValueError, *AWS_ERRORS) as error:
            self.error = str(error)
            self._failed()
        except Exception as error:  # the edge of a thread: a channel that ends early must fail its job
            log.exception("channel %s", self._source.channel.name)
            self.error = f"The channel {self._source.channel.name!r} failed: {error!r}"
            self._failed()

    def _feed(self, epoch: int) -> None:
        descriptor = self._opened(self._fifo(epoch))
        try:
            self._make(epoch + 1)
            for chunk in self._source.chunks(epoch):
                self._write(descriptor, chunk)
        except BrokenPipeError:
            return  # the container reads no more of this epoch
        finally:
            os.close(descriptor)
            self._fifo(epoch).unlink(missing_ok=True)

    def _opened(self, fifo: Path) -> int:
        """Return the writing end, once the container has opened the other."""
        while not self._over.wait(POLL_S):
            try:
                return _opened_fifo(fifo)
            except OSError as error:
                if error.errno != errno.ENXIO:  # ENXIO means that nobody reads yet
                    raise Ended from error
        raise Ended

    def _write(self, descriptor: int, data: bytes) -> None:
        """Write in short calls, so that the feeder can be closed even if the container has stopped reading."""
        ready = select.poll()
        ready.register(descriptor, select.POLLOUT)
        view = memoryview(data)
        while view:
            if self._over.is_set():
                raise Ended
            if ready.poll(100):
                try:
                    view = view[os.write(descriptor, view) :]
                except BlockingIOError:
                    continue


def _opened_fifo(fifo: Path) -> int:
    """Open the writing end. OSError if the container has put a link or a file in its place."""
    descriptor = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(f"{fifo.name!r} is not a FIFO any more")
    return descriptor
