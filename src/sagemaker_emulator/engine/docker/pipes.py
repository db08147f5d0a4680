"""Pipe input: data from a FIFO in base_dir is written to the FIFO of the same name in the container.

FIFOs cannot be copied and nothing is mounted, so the image's own `sh` and `cat` write the FIFO, fed through the Docker
engine, which slows them down to the speed of the program that reads.
"""

from __future__ import annotations

import logging
import os
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import docker.errors
import requests

from sagemaker_emulator.engine import EngineError
from sagemaker_emulator.engine.docker import copying

POLL_S = 0.02
ASK_S = 1.0
CHUNK_BYTES = 1 << 16
OPENED = b"open"
SCRIPT = 'exec 3>"$1" && echo open && exec cat >&3'  # opening waits for the program to open its end

log = logging.getLogger(__name__)


class Ended(Exception):
    """The container has ended; no more data is needed."""


@dataclass(frozen=True)
class Writer:
    """A process in the container that copies its stdin to a FIFO."""

    client: Any
    exec_id: str
    attached: Any  # holds the connection, in Docker's SDK
    connection: socket.socket

    @classmethod
    def started(cls, container: Any, path: str) -> Writer:
        client = container.client.api
        command = ["sh", "-c", SCRIPT, "sh", path]
        exec_id = client.exec_create(container.id, command, stdin=True)["Id"]
        attached = client.exec_start(exec_id, socket=True)
        connection: socket.socket = getattr(attached, "_sock", attached)
        connection.settimeout(None)
        return cls(client, exec_id, attached, connection)

    def wait_until_open(self) -> None:
        """Wait until the program has opened the FIFO. Raises Ended, or EngineError if the image lacks `sh` or `cat`."""
        output = b""
        while OPENED not in output:
            chunk = self.connection.recv(CHUNK_BYTES)
            if not chunk:
                self._raise_reason(output)
            output += chunk

    def send(self, data: bytes) -> bool:
        """Send data; return False if the program has closed the FIFO, which it may do before the end of the data.

        Docker accepts data for a process that has ended until its buffers are full, so a full buffer is a reason to
        ask whether the process still runs.
        """
        left = memoryview(data)
        while left:
            readable, writable, _ = select.select([self.connection], [self.connection], [], ASK_S)
            if (readable and not self.connection.recv(CHUNK_BYTES)) or (not writable and not self.is_running()):
                return False
            if writable:
                left = left[self.connection.send(left, socket.MSG_DONTWAIT) :]
        return True

    def close(self) -> None:
        self.attached.close()
        self.connection.close()

    def is_running(self) -> bool:
        return bool(self.client.exec_inspect(self.exec_id)["Running"])

    def finish(self) -> None:
        """Signal the end of the data, and wait until the program has read all of it."""
        self.connection.shutdown(socket.SHUT_WR)
        while self.connection.recv(CHUNK_BYTES):
            pass

    def _raise_reason(self, output: bytes) -> None:
        if self.client.exec_inspect(self.exec_id)["ExitCode"] in (126, 127):
            raise EngineError(
                "Input mode Pipe needs `sh` and `cat` in the image, which write into the FIFO; use an image that has "
                f"them, or input mode File ({output[8:].decode(errors='replace').strip()})"
            )
        raise Ended


@dataclass(frozen=True)
class Pipes:
    """The FIFOs of one container. `failed` is called with the reason when one cannot be written."""

    container: Any
    base_dir: Path
    ended: threading.Event
    failed: Callable[[str], None]

    @property
    def directory(self) -> Path:
        return self.base_dir / "input" / "data"

    def start(self) -> None:
        for fifo in sorted(self.directory.glob("*_0")):
            if fifo.is_fifo():
                name = f"pipe into {self.container.name}"
                threading.Thread(target=self._run, args=(fifo.name[:-2],), name=name, daemon=True).start()

    def _run(self, channel: str) -> None:
        try:
            for epoch in count():
                self._carry(channel, epoch)
        except Ended:
            return
        except (EngineError, OSError, docker.errors.DockerException, requests.RequestException) as error:
            if not self.ended.is_set():
                self.failed(str(error))

    def _carry(self, channel: str, epoch: int) -> None:
        """Copy one FIFO. The next one exists before this one ends, as on AWS."""
        fifo, following = (self.directory / f"{channel}_{number}" for number in (epoch, epoch + 1))
        writer = Writer.started(self.container, str(self._inside(fifo)))
        try:
            writer.wait_until_open()
            source = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)  # now the feeder can open its end, and makes the next
            try:
                self._wait_for(following)
                self.container.put_archive("/", copying.packed_fifo(self._inside(following)))
                _send_all(source, writer)
            finally:
                os.close(source)
        finally:
            writer.close()

    def _inside(self, fifo: Path) -> Any:
        return copying.OPT_ML / fifo.relative_to(self.base_dir).as_posix()

    def _wait_for(self, fifo: Path) -> None:
        while not fifo.exists():
            if self.ended.wait(POLL_S):
                raise Ended


def _send_all(source: int, writer: Writer) -> None:
    os.set_blocking(source, True)
    try:
        while chunk := os.read(source, CHUNK_BYTES):
            if not writer.send(chunk):
                return
        writer.finish()
    except (BrokenPipeError, ConnectionResetError):
        return
