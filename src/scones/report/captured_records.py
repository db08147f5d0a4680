"""What the endpoint's data capture wrote: every record of every file."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scones import buckets
from scones.context import Context
from scones.deployment.endpoint import CAPTURE, VARIANT
from scones.errors import CaptureError
from scones.polling import poll

# AWS writes a file about a minute after its first record, sometimes later.
TIMEOUT_S = 300
READS_AT_ONCE = 16


@dataclass(frozen=True)
class CapturedRecord:
    """One invocation. image: the bytes that came in; probabilities: what went out, empty if that was no list."""

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
                f"line {number} of {key} is no captured record ({type(error).__name__}: {error})"
            ) from error


def prefix_of(endpoint: str) -> str:
    return f"{CAPTURE}/{endpoint}/{VARIANT}/"


def read_new(context: Context, endpoint: str, files: dict[str, list[CapturedRecord]]) -> None:
    """Read the files that are not yet in `files`; one that was written does not change."""
    s3 = context.client("s3")
    keys = [key for key in buckets.etags(s3, context.bucket, prefix_of(endpoint)) if key.endswith(".jsonl")]

    def read(key: str) -> tuple[str, list[CapturedRecord]]:
        text = s3.get_object(Bucket=context.bucket, Key=key)["Body"].read().decode()
        return key, list(parse_file(f"s3://{context.bucket}/{key}", text))

    with ThreadPoolExecutor(READS_AT_ONCE) as pool:
        files.update(pool.map(read, (key for key in keys if key not in files)))


def read_all(
    context: Context, endpoint: str, complete: Callable[[list[CapturedRecord]], bool], timeout_s: float = TIMEOUT_S
) -> list[CapturedRecord]:
    """All records of the endpoint in order of time, once they are complete or the deadline has passed."""
    files: dict[str, list[CapturedRecord]] = {}
    records: list[CapturedRecord] = []
    with context.console.meter("Captured records") as meter:
        for waited in poll(timeout_s):
            read_new(context, endpoint, files)
            records = sorted((record for found in files.values() for record in found), key=lambda record: record.time)
            meter.update(f"{len(records)} in {len(files)} files, {waited:.0f} s")
            if complete(records):
                break
    return records
