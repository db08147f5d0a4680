"""Container output to CloudWatch Logs while it is written. No job fails if the log service is unavailable."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Any

from botocore.exceptions import ClientError

from safety.log_lines import LINE_MAX_BYTES
from safety.plain_text import plain, shortened
from sagemaker_emulator.aws_clients.clients import AWS_ERRORS
from sagemaker_emulator.aws_clients.log_backlog import Line, LogBacklog

FLUSH_S = 0.5
FLOOD_PAUSE_S = 0.02
BATCH_EVENTS = 250
BATCH_BYTES = 900_000
EVENT_OVERHEAD_BYTES = 26
CUT = " [cut]"

log = logging.getLogger(__name__)


class LogStream:
    """One stream. `write` waits at most for room in the backlog; `close` sends the rest.

    The first `sent` lines are skipped.
    """

    def __init__(self, logs: Any, group: str, stream: str, sent: int = 0) -> None:
        self._logs, self.group, self.stream, self._sent = logs, group, stream, sent
        self._lines = LogBacklog()
        self._created = False
        self._starting = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def taken_up(cls, logs: Any, group: str, prefix: str, otherwise: str) -> LogStream:
        """Continue the stream of an earlier emulator after the lines that CloudWatch has, else open `otherwise`."""
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
            if streams:
                name = streams[0]["logStreamName"]
                return cls(logs, group, name, _count(logs, group, name))
        except AWS_ERRORS as error:
            log.warning("the log stream %s/%s starts again: %s", group, prefix, error)
        return cls(logs, group, otherwise)

    def write(self, line: str) -> bool:
        """Queue a line, without control characters; return False for one that an earlier emulator has sent."""
        if not line:  # CloudWatch refuses empty messages
            return True
        if self._sent:
            self._sent -= 1
            return False
        text = shortened(plain(line), LINE_MAX_BYTES, CUT)
        self._lines.put((int(time.time() * 1000), text))
        if self._thread is None:
            self._start()
        return True

    def close(self, timeout_s: float = 10) -> None:
        self._closing.set()
        self._lines.close()
        if self._thread:
            self._thread.join(timeout_s)

    def _start(self) -> None:
        """Start to send, at the first line: a stream that gets none costs no thread."""
        with self._starting:
            if self._thread is None:
                thread = threading.Thread(target=self._send_all, name=f"log {self.stream}", daemon=True)
                thread.start()
                self._thread = thread

    def _send_all(self) -> None:
        while not self._lines.is_over:
            batch = self._next_batch()
            if batch:
                self._lines.delivered(self._send(batch))
            if len(batch) == BATCH_EVENTS:  # a flood: preparing its batches must not keep the server from answering
                self._closing.wait(FLOOD_PAUSE_S)

    def _next_batch(self) -> list[Line]:
        """Collect lines for FLUSH_S, up to the limits of PutLogEvents; an empty list at the end of the log."""
        first = self._lines.take()
        if first is None:
            return []
        batch, size, deadline = [first], _event_bytes(first), time.monotonic() + FLUSH_S
        while len(batch) < BATCH_EVENTS and size < BATCH_BYTES - LINE_MAX_BYTES:
            line = self._lines.take(max(0.0, deadline - time.monotonic()))
            if line is None:
                break
            batch.append(line)
            size += _event_bytes(line)
        return batch

    def _send(self, batch: list[Line]) -> bool:
        """Send the lines; return whether CloudWatch has them."""
        times = accumulate((at for at, _ in batch), max)  # PutLogEvents wants them in order, also if the clock was set
        events = [{"timestamp": at, "message": line} for at, (_, line) in zip(times, batch, strict=True)]
        try:
            self._create()
            self._logs.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
        except AWS_ERRORS as error:
            log.warning(
                "%d log lines of %s/%s did not reach CloudWatch: %s", len(batch), self.group, self.stream, error
            )
            return False
        return True

    def _create(self) -> None:
        if self._created:
            return
        with _already_exists_is_fine():
            self._logs.create_log_group(logGroupName=self.group)
        with _already_exists_is_fine():
            self._logs.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
        self._created = True


def _event_bytes(line: Line) -> int:
    return len(line[1].encode()) + EVENT_OVERHEAD_BYTES


def _count(logs: Any, group: str, stream: str) -> int:
    request: dict[str, Any] = {"logGroupName": group, "logStreamName": stream, "startFromHead": True}
    count = 0
    while events := (answer := logs.get_log_events(**request))["events"]:
        count += len(events)
        request["nextToken"] = answer["nextForwardToken"]
    return count


@contextmanager
def _already_exists_is_fine() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
            raise
