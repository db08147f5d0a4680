"""Data capture: records byte for byte as AWS writes them, first to a spool on disk, then as files to S3.

A record is on disk before its file is sent, so an S3 that is away for a while, or a restart, loses nothing.
Key: `<destination>/<endpoint>/<variant>/yyyy/mm/dd/hh/MM-SS-mmm-<uuid4>.jsonl`, UTC, the time of the first record.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import math
import random
import threading
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from sagemaker_emulator.aws_clients.clients import AWS_ERRORS, AwsClients, S3Location
from sagemaker_emulator.resources.endpoint_config import DataCapture

TICK_S = 0.25
RETRY_S = 1.0
RETRY_MAX_S = 30.0
PREFIX_FILE = "prefix"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Payload:
    body: bytes
    content_type: str


@dataclass(frozen=True)
class Invocation:
    """What one InvokeEndpoint took in and gave back."""

    endpoint_name: str
    variant_name: str
    request: Payload
    response: Payload
    inference_id: str | None
    custom_attributes: str | None


@dataclass
class OpenFile:
    """A file that still takes records. Times are monotonic seconds."""

    path: Path
    stream: TextIO
    opened: float
    last_record: float


@dataclass
class Outage:
    """A prefix that S3 does not take: when to try again, and how long to wait after that."""

    until: float
    pause_s: float


class CaptureWriter:
    """Takes records from the server's loop, writes the spool, and sends files from a thread of its own."""

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
        """Send everything; what S3 does not take stays in the spool for the next start."""
        self._closing.set()
        self._thread.join()

    def wants(self, capture: DataCapture) -> bool:
        """Whether the next invocation is in the sample."""
        return capture.enabled and random.random() * 100 < capture.sampling_percentage  # noqa: S311 - a sample

    def record(self, capture: DataCapture, invocation: Invocation) -> None:
        """Thread-safe. The record is on disk when this returns."""
        now = datetime.now(UTC)
        line = encoded(capture, invocation, now)
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
        """A file that is old enough, or had no record for a while, takes no more."""
        with self._lock:
            for prefix, file in list(self._open.items()):
                if now - file.opened >= self._file_s or now - file.last_record >= self._idle_s:
                    file.stream.close()
                    del self._open[prefix]

    def _send_closed(self) -> None:
        """A prefix that S3 does not take keeps its order, and does not hold up the others."""
        found = sorted(self._spool.glob("*/*.jsonl"))  # listed first: what is opened from now on is not among them
        with self._lock:
            still_open = {file.path for file in self._open.values()}
        for path in found:
            outage = self._outages.get(path.parent)
            if path not in still_open and (outage is None or time.monotonic() >= outage.until):
                self._send(path, outage)

    def _send(self, path: Path, outage: Outage | None) -> None:
        target = _target(path)
        try:
            self._aws.s3.upload_file(str(path), target.bucket, target.key)
        except (*AWS_ERRORS, OSError) as error:
            log.warning("captured data stays in %s until S3 takes it: %s", path, error)
            pause_s = min(RETRY_MAX_S, outage.pause_s * 2) if outage else RETRY_S
            self._outages[path.parent] = Outage(time.monotonic() + pause_s, pause_s)
        else:
            self._outages.pop(path.parent, None)
            path.unlink()


def encoded(capture: DataCapture, invocation: Invocation, now: datetime) -> str:
    """One line of a capture file, keys in AWS's order, ending in LF."""
    data: dict[str, dict[str, str]] = {}
    if "Input" in capture.modes:
        data["endpointInput"] = _side(capture, "INPUT", invocation.request)
    if "Output" in capture.modes:
        data["endpointOutput"] = _side(capture, "OUTPUT", invocation.response)
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4()), "inferenceTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if invocation.inference_id is not None:
        metadata["inferenceId"] = invocation.inference_id
    if invocation.custom_attributes is not None:
        metadata["customAttributes"] = [invocation.custom_attributes]
    record = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"


def _side(capture: DataCapture, mode: str, payload: Payload) -> dict[str, str]:
    encoding = _encoding(capture, payload.content_type)
    if encoding != "BASE64":
        try:
            text = payload.body.decode()
        except UnicodeDecodeError:
            encoding = "BASE64"
    if encoding == "BASE64":
        text = base64.b64encode(payload.body).decode()
    return {"observedContentType": payload.content_type, "mode": mode, "data": text, "encoding": encoding}


def _encoding(capture: DataCapture, content_type: str) -> str:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in capture.json_types:
        return "JSON"
    return "CSV" if media_type in capture.csv_types else "BASE64"


def _spool_path(spool: Path, prefix: str, now: datetime) -> Path:
    """A new spool file: one folder for each S3 prefix, the rest of the key flattened into the file's name."""
    directory = spool / hashlib.sha256(prefix.encode()).hexdigest()[:16]
    directory.mkdir(exist_ok=True)
    (directory / PREFIX_FILE).write_text(prefix)
    return directory / (now.strftime("%Y.%m.%d.%H.%M-%S-") + f"{now.microsecond // 1000:03d}-{uuid.uuid4()}.jsonl")


def _target(path: Path) -> S3Location:
    """Where a spool file goes: the first four dots of its name are the folders of year, month, day and hour."""
    prefix = (path.parent / PREFIX_FILE).read_text()
    return S3Location.parse(f"{prefix}/{path.name.replace('.', '/', 4)}")
