"""Data capture: records are written to a spool on disk first, then sent to S3 as files.

A record is on disk before its file is sent, so neither an unreachable S3 nor a restart loses any (docs/adr/0006).
Key: `<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/MM-SS-mmm-<uuid4>.jsonl`; the time is that of the first record,
in UTC.
"""

from __future__ import annotations

import hashlib
import logging
import math
import random
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients, S3Location
from sagemaker_emulator.invocation.capture_records import CapturedInvocation, capture_record
from sagemaker_emulator.resources.endpoint_config import DataCapture

TICK_S = 0.25
RETRY_S = 1.0
RETRY_MAX_S = 30.0
PREFIX_FILE = "prefix"

log = logging.getLogger(__name__)


@dataclass
class OpenFile:
    """A spool file that records are still appended to. Times are monotonic seconds."""

    path: Path
    stream: TextIO
    opened: float
    last_record: float


@dataclass
class Outage:
    """An S3 prefix that could not be written: when to try again, and the pause before that attempt."""

    until: float
    pause_s: float


class CaptureWriter:
    """Records are written by the callers of `record`; one thread closes old files and sends them to S3."""

    def __init__(self, aws: AwsClients, spool: Path, file_s: float, idle_s: float) -> None:
        self._aws, self._spool, self._file_s, self._idle_s = aws, spool, file_s, idle_s
        self._open: dict[str, OpenFile] = {}
        self._outages: dict[Path, Outage] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="data capture", daemon=True)

    def start(self) -> None:
        self._spool.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def close(self) -> None:
        """Send everything. Files that S3 does not accept stay in the spool for the next start."""
        self._closing.set()
        self._thread.join()

    def samples(self, capture: DataCapture) -> bool:
        """Whether the sample includes the next invocation."""
        return capture.enabled and random.random() * 100 < capture.sampling_percentage  # noqa: S311 - a sample

    def record(self, capture: DataCapture, invocation: CapturedInvocation) -> None:
        """Write a record. Thread-safe; the record is on disk when this returns."""
        now = datetime.now(UTC)
        line = capture_record(capture, invocation, now)
        with self._lock:
            self._append(f"{capture.destination_uri}/{invocation.endpoint_name}/{invocation.variant_name}", line, now)

    def _append(self, prefix: str, line: str, now: datetime) -> None:
        file = self._open.get(prefix)
        if file is None:
            path, at = _spool_path(self._spool, prefix, now), time.monotonic()
            stream = path.open("a", encoding="utf-8", newline="")
            file = self._open[prefix] = OpenFile(path, stream, at, at)
        file.stream.write(line)
        file.stream.flush()
        file.last_record = time.monotonic()

    def _run(self) -> None:
        while not self._closing.wait(TICK_S):
            self._close_old(time.monotonic())
            self._send_closed()
        self._close_old(math.inf)
        self._outages.clear()
        self._send_closed()

    def _close_old(self, now: float) -> None:
        """Close the files that are old enough, or that have had no record for a while."""
        with self._lock:
            for prefix, file in list(self._open.items()):
                if now - file.opened >= self._file_s or now - file.last_record >= self._idle_s:
                    file.stream.close()
                    del self._open[prefix]

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
        target = _target(path)
        try:
            self._aws.s3.upload_file(str(path), target.bucket, target.key)
        except (*AWS_ERRORS, OSError) as error:
            log.warning("captured data stays in %s until S3 accepts it: %s", path, error)
            pause_s = min(RETRY_MAX_S, outage.pause_s * 2) if outage else RETRY_S
            self._outages[path.parent] = Outage(time.monotonic() + pause_s, pause_s)
        else:
            self._outages.pop(path.parent, None)
            path.unlink()


def _spool_path(spool: Path, prefix: str, now: datetime) -> Path:
    """Return the path of a new spool file: a folder per S3 prefix; the rest of the key is flattened into the name."""
    directory = spool / hashlib.sha256(prefix.encode()).hexdigest()[:16]
    directory.mkdir(exist_ok=True)
    (directory / PREFIX_FILE).write_text(prefix)
    return directory / (now.strftime("%Y.%m.%d.%H.%M-%S-") + f"{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl")


def _target(path: Path) -> S3Location:
    """Return the S3 location of a spool file. Its first four dots stand for folders: year, month, day and hour."""
    prefix = (path.parent / PREFIX_FILE).read_text()
    return S3Location.parse(f"{prefix}/{path.name.replace('.', '/', 4)}")
