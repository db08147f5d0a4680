"""Container output to CloudWatch Logs while it is written. If the log service is away, no job fails."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS

FLUSH_S = 0.5
BATCH_EVENTS = 1000
BATCH_BYTES = 900_000
LINE_BYTES = 250_000
EVENT_OVERHEAD_BYTES = 26

log = logging.getLogger(__name__)


class LogStream:
    """One stream. `write` never waits for the network; `close` sends the rest. The first `sent` lines are skipped."""

    def __init__(self, logs: Any, group: str, stream: str, sent: int = 0) -> None:
        self._logs, self.group, self.stream, self._sent = logs, group, stream, sent
        self._lines: queue.SimpleQueue[tuple[int, str] | None] = queue.SimpleQueue()
        self._created = False
        self._thread = threading.Thread(target=self._send_all, name=f"log {stream}", daemon=True)
        self._thread.start()

    @classmethod
    def taken_up(cls, logs: Any, group: str, prefix: str, otherwise: str) -> LogStream:
        """Continue the stream of an earlier emulator after the lines that CloudWatch has, else open `otherwise`."""
        try:
            streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=prefix)["logStreams"]
            if streams:
                name = streams[0]["logStreamName"]
                return cls(logs, group, name, _count(logs, group, name))
        except AWS_ERRORS as error:
            log.warning("the log stream %s/%s begins anew: %s", group, prefix, error)
        return cls(logs, group, otherwise)

    def write(self, line: str) -> bool:
        """Queue a line; return False for one that an earlier emulator has sent."""
        if not line:  # CloudWatch refuses empty messages
            return True
        if self._sent:
            self._sent -= 1
            return False
        self._lines.put((int(time.time() * 1000), line[:LINE_BYTES]))
        return True

    def close(self, timeout_s: float = 10) -> None:
        self._lines.put(None)
        self._thread.join(timeout_s)

    def _send_all(self) -> None:
        is_open = True
        while is_open:
            batch, is_open = self._next_batch()
            if batch:
                self._send(batch)

    def _next_batch(self) -> tuple[list[tuple[int, str]], bool]:
        """Collect lines for FLUSH_S, up to the limits of PutLogEvents; return them and whether the stream is open."""
        first = self._lines.get()
        if first is None:
            return [], False
        batch, size, deadline = [first], len(first[1]), time.monotonic() + FLUSH_S
        while len(batch) < BATCH_EVENTS and size < BATCH_BYTES - LINE_BYTES:
            try:
                entry = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if entry is None:
                return batch, False
            batch.append(entry)
            size += len(entry[1].encode()) + EVENT_OVERHEAD_BYTES
        return batch, True

    def _send(self, batch: list[tuple[int, str]]) -> None:
        events = [{"timestamp": at, "message": line} for at, line in batch]
        try:
            self._create()
            self._logs.put_log_events(logGroupName=self.group, logStreamName=self.stream, logEvents=events)
        except AWS_ERRORS as error:
            log.warning(
                "%d log lines of %s/%s did not reach CloudWatch: %s", len(batch), self.group, self.stream, error
            )

    def _create(self) -> None:
        if self._created:
            return
        with _already_exists_is_fine():
            self._logs.create_log_group(logGroupName=self.group)
        with _already_exists_is_fine():
            self._logs.create_log_stream(logGroupName=self.group, logStreamName=self.stream)
        self._created = True


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
