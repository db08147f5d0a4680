"""Read the captured records of one endpoint, one line at a time, from the folders that data capture writes.

A record has `captureData` with `endpointInput` and `endpointOutput`, `eventMetadata` with `eventId`, `inferenceTime`
and perhaps `inferenceId`, and `eventVersion`. A record that was merged with ground truth has `groundTruthData`, too.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from image_monitoring.contract import parse_time

MOST = 1.001  # a probability of 1 may be rounded up
UNUSABLE = (ValueError, LookupError, TypeError, AttributeError)  # binascii.Error is a ValueError


@dataclass(frozen=True)
class Record:
    """One invocation. `probabilities` is empty if the answer is not a list of numbers; `label` is its ground truth."""

    event_id: str
    inference_id: str | None
    time: datetime
    image: bytes
    probabilities: tuple[float, ...]
    label: str | None = None

    @property
    def identities(self) -> tuple[str, ...]:
        """Return the ids that ground truth may name. As in Model Monitor, the caller's inference id comes first."""
        return (self.inference_id, self.event_id) if self.inference_id else (self.event_id,)


@dataclass
class Capture:
    """The capture files below a folder, and what was read of them so far.

    start, end: the window, which includes its start and excludes its end.
    """

    folder: Path
    start: datetime | None = None
    end: datetime | None = None
    records: int = 0
    outside: int = 0
    unreadable: list[str] = field(default_factory=list)
    unreadable_count: int = 0

    def files(self) -> list[Path]:
        """Return the files in the order of time, which their paths begin with."""
        return sorted(path for path in self.folder.rglob("*.jsonl") if path.is_file())

    def lines(self) -> Iterator[tuple[str, str]]:
        for path in self.files():
            name = str(path.relative_to(self.folder))
            with path.open(encoding="utf-8", errors="replace") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield f"line {number} of {name}", line

    def read(self) -> Iterator[Record]:
        """Yield the records of the window. Lines that are not records are counted, and the first three are named."""
        for where, line in self.lines():
            try:
                record = parse(line)
            except UNUSABLE as error:
                self._note(where, error)
                continue
            if (self.start and record.time < self.start) or (self.end and record.time >= self.end):
                self.outside += 1
                continue
            self.records += 1
            yield record

    def _note(self, where: str, error: Exception) -> None:
        self.unreadable_count += 1
        if len(self.unreadable) < 3:
            self.unreadable.append(f"{where} ({type(error).__name__}: {error})")


def parse(line: str) -> Record:
    """Parse a line. Raises one of UNUSABLE if it is not a captured record."""
    record = json.loads(line)
    metadata, data = record["eventMetadata"], record["captureData"]
    return Record(
        str(metadata["eventId"]),
        metadata.get("inferenceId"),
        parse_time(metadata["inferenceTime"]),
        content(data.get("endpointInput") or {}),
        probabilities_in(content(data.get("endpointOutput") or {})),
        label_in(record.get("groundTruthData")),
    )


def content(captured: dict[str, Any]) -> bytes:
    data = captured.get("data") or ""
    return base64.b64decode(data) if captured.get("encoding") == "BASE64" else str(data).encode()


def probabilities_in(output: bytes) -> tuple[float, ...]:
    """Return the probabilities of an answer in JSON, or in CSV, the two forms of AWS's algorithms.

    Other numbers, such as logits, and NaN, which Python reads as JSON, are none.
    """
    text = output.decode("utf-8", "replace").strip()
    try:
        values = json.loads(text if text.startswith(("[", "{")) else f"[{text}]")
    except (ValueError, RecursionError):
        return ()
    if isinstance(values, dict):
        values = values.get("prediction")
    is_list = isinstance(values, list) and all(type(value) in (int, float) and 0 <= value <= MOST for value in values)
    return tuple(float(value) for value in values) if is_list else ()


def label_in(ground_truth: dict[str, Any] | None) -> str | None:
    return None if ground_truth is None else str(content(ground_truth), "utf-8", "replace").strip()


def looks_like_images(folder: Path) -> bool:
    """Return whether the first captured record below the folder has an image as its input."""
    for _, line in Capture(folder).lines():
        try:
            input_ = json.loads(line)["captureData"]["endpointInput"]
        except UNUSABLE:
            return False
        kind = str(input_.get("observedContentType") or "")
        return kind.startswith("image/") or kind == "application/x-image"
    return False
