"""Data capture: records are written to a spool on disk first, then sent to S3 as files.

A record is on disk before its file is sent, so neither an unreachable S3 nor a restart loses any (docs/adr/0006).
Key: `<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/MM-SS-mmm-<uuid4>.jsonl`; the time is that of the first record,
in UTC.

Capture never fails an invocation. If the disk has no room for a record, the record is dropped, and the log says how
many were. AWS drops records too: "Data Capture stops capturing requests at high levels of disk usage".
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients
from sagemaker_emulator.invocation.capture_records import CapturedInvocation, capture_record
from sagemaker_emulator.invocation.capture_spool import OpenFile, new_file, repair, target_of
from sagemaker_emulator.resources.endpoint_config import DataCapture
from sagemaker_emulator.storage.set_aside import SetAside

TICK_S = 0.25
RETRY_S = 1.0
RETRY_MAX_S = 30.0
REPORT_S = 30.0  # how often the log says that records are not captured

log = logging.getLogger(__name__)


@dataclass
class Outage:
    """An S3 prefix that could not be written: when to try again, and the pause before that attempt."""

    until: float
    pause_s: float


class CaptureWriter:
    """Records are written by the callers of `record`; one thread closes old files and sends them to S3.

    The thread starts with the first record, or at once if an earlier emulator left files.
    """

    def __init__(self, aws: AwsClients, spool: Path, damaged: SetAside, file_s: float, idle_s: float) -> None:
        self._aws, self._spool, self._damaged, self._file_s, self._idle_s = aws, spool, damaged, file_s, idle_s
        self._open: dict[str, OpenFile] = {}
        self._outages: dict[Path, Outage] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._unreported = 0  # records that were not captured since the log last said so
        self._reported_at = -math.inf

    def start(self) -> None:
        try:
            repair(self._spool, self._damaged)
        except OSError as error:  # a full disk must not keep the emulator from starting
            log.error("the spool of captured data in %s cannot be checked: %s", self._spool, error)
        with self._lock, suppress(OSError):
            if any(self._spool.iterdir()):
                self._begin()

    def close(self) -> None:
        """Send everything. Files that S3 does not accept stay in the spool for the next start."""
        self._closing.set()
        if self._thread:
            self._thread.join()

    def samples(self, capture: DataCapture) -> bool:
        """Whether the sample includes the next invocation."""
        return capture.enabled and random.random() * 100 < capture.sampling_percentage  # noqa: S311 - a sample

    def record(self, capture: DataCapture, invocation: CapturedInvocation) -> None:
        """Write a record. Thread-safe; the record is on disk when this returns, or counted as not captured."""
        now = datetime.now(UTC)
        line = capture_record(capture, invocation, now).encode()
        prefix = f"{capture.destination_uri}/{invocation.endpoint_name}/{invocation.variant_name}"
        with self._lock:
            self._begin()
            try:
                self._append(prefix, line, now)
            except OSError as error:
                self._unreported += 1
                self._close_file(prefix)
                self._report(f"{error.strerror or error} in {self._spool}")

    def _begin(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="data capture", daemon=True)
            self._thread.start()

    def _append(self, prefix: str, line: bytes, now: datetime) -> None:
        file = self._open.get(prefix)
        if file is None:
            file = self._open[prefix] = new_file(self._spool, prefix, now)
        file.append(line)

    def _report(self, reason: str) -> None:
        """Say how many records were not captured: at once, then every REPORT_S."""
        if time.monotonic() - self._reported_at >= REPORT_S:
            log.error("%d records of invocations were not captured: %s", self._unreported, reason)
            self._unreported, self._reported_at = 0, time.monotonic()

    def _run(self) -> None:
        while not self._closing.wait(TICK_S):
            self._tick(time.monotonic())
        self._outages.clear()
        self._tick(math.inf)

    def _tick(self, now: float) -> None:
        try:
            self._close_old(now)
            self._send_closed()
        except Exception:  # the edge of a thread: capture continues with the next tick
            log.exception("data capture")

    def _close_old(self, now: float) -> None:
        """Close the files that are old enough, or that have had no record for a while."""
        with self._lock:
            for prefix, file in list(self._open.items()):
                if now - file.opened >= self._file_s or now - file.last_record >= self._idle_s:
                    self._close_file(prefix)
            if self._unreported and (now == math.inf or now - self._reported_at >= REPORT_S):
                self._reported_at = -math.inf
                self._report(f"there was no room in {self._spool}")

    def _close_file(self, prefix: str) -> None:
        if file := self._open.pop(prefix, None):
            file.close()

    def _send_closed(self) -> None:
        """Send closed files in order. A prefix that S3 does not accept does not delay the others."""
        files = sorted(self._spool.glob("*/*.jsonl"))  # listed before the lock: files opened later are not in the list
        with self._lock:
            still_open = {file.path for file in self._open.values()}
        for path in files:
            outage = self._outages.get(path.parent)
            if path not in still_open and (outage is None or time.monotonic() >= outage.until):
                self._send(path, outage)

    def _send(self, path: Path, outage: Outage | None) -> None:
        target = target_of(path)
        if target is None or not path.is_file():
            self._damaged.move(path, "it cannot be sent: it is not a file, or its folder does not say where it belongs")
            return
        try:
            self._aws.s3.upload_file(str(path), target.bucket, target.key)
        except (*AWS_ERRORS, OSError) as error:
            log.warning("captured data stays in %s until S3 accepts it: %s", path, error)
            pause_s = min(RETRY_MAX_S, outage.pause_s * 2) if outage else RETRY_S
            self._outages[path.parent] = Outage(time.monotonic() + pause_s, pause_s)
        else:
            self._outages.pop(path.parent, None)
            path.unlink()
