"""Read the records that the endpoint's data capture wrote: every line of every file."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scones.buckets import Bucket
from scones.console import Console
from scones.deployment.endpoint import CAPTURE, VARIANT
from scones.errors import CaptureError
from scones.polling import poll

# AWS writes a file about a minute after its first record, sometimes later.
TIMEOUT_S = 300
READS_AT_ONCE = 16


@dataclass(frozen=True)
class CapturedRecord:
    """One invocation: the image, and the probabilities in the answer, empty if it was not a list of numbers."""

    event_id: str
    inference_id: str | None
    time: datetime
    image: bytes
    probabilities: tuple[float, ...]

    @property
    def prediction(self) -> int:
        return self.probabilities.index(max(self.probabilities))

    @property
    def confidence(self) -> float:
        return max(self.probabilities)


def content(captured: Mapping[str, Any]) -> bytes:
    data = captured.get("data", "")
    return base64.b64decode(data) if captured.get("encoding") == "BASE64" else str(data).encode()


def probabilities_in(output: bytes) -> tuple[float, ...]:
    try:
        values = json.loads(output)
    except ValueError:
        return ()
    is_list = isinstance(values, list) and all(isinstance(value, int | float) for value in values)
    return tuple(float(value) for value in values) if is_list else ()


def parse(line: str) -> CapturedRecord:
    record = json.loads(line)
    metadata, data = record["eventMetadata"], record["captureData"]
    return CapturedRecord(
        event_id=metadata["eventId"],
        inference_id=metadata.get("inferenceId"),
        time=datetime.fromisoformat(metadata["inferenceTime"]),
        image=content(data.get("endpointInput", {})),
        probabilities=probabilities_in(content(data.get("endpointOutput", {}))),
    )


def parse_file(key: str, text: str) -> Iterator[CapturedRecord]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield parse(line)
        except (ValueError, LookupError, TypeError, AttributeError, binascii.Error) as error:
            raise CaptureError(
                f"line {number} of {key} is not a captured record ({type(error).__name__}: {error})"
            ) from error


def prefix_of(endpoint: str) -> str:
    return f"{CAPTURE}/{endpoint}/{VARIANT}/"


def read_new(bucket: Bucket, endpoint: str, files: dict[str, list[CapturedRecord]]) -> None:
    """Read the files that are not in `files` yet. A file does not change once it is written."""
    keys = [key for key in bucket.etags(prefix_of(endpoint)) if key.endswith(".jsonl")]

    def read(key: str) -> tuple[str, list[CapturedRecord]]:
        text = bucket.get(key, written_by="classify").decode()
        return key, list(parse_file(bucket.uri(key), text))

    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        files.update(pool.map(read, (key for key in keys if key not in files)))


def read_all(
    bucket: Bucket,
    endpoint: str,
    is_complete: Callable[[list[CapturedRecord]], bool],
    console: Console,
    timeout_s: float = TIMEOUT_S,
) -> list[CapturedRecord]:
    """Return all records of the endpoint in order of time, once they are complete or the deadline has passed."""
    files: dict[str, list[CapturedRecord]] = {}
    records: list[CapturedRecord] = []
    with console.meter("Captured records") as meter:
        for _ in poll(timeout_s):
            read_new(bucket, endpoint, files)
            records = sorted(
                (record for file_records in files.values() for record in file_records), key=lambda record: record.time
            )
            meter.update(f"{len(records)} in {len(files)} files")
            if is_complete(records):
                break
    return records
