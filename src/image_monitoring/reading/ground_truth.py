"""Ground truth: the classes that people have given to images, joined with the captured records by their ids.

A file has one JSON a line: `groundTruthData` with `data` and `encoding`, and `eventMetadata` with the `eventId` of the
record, or the `inferenceId` that the caller gave it. Later files correct earlier ones.
Source: docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-model-quality-merge.html
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from image_monitoring.contract import InputError
from image_monitoring.reading.capture import UNUSABLE, Capture, Record, label_in, parse


class GroundTruth:
    """Labels by event id."""

    def __init__(self, labels: dict[str, str]) -> None:
        self._labels = labels

    def __len__(self) -> int:
        return len(self._labels)

    def label_of(self, record: Record) -> str | None:
        """Return the record's label: its own if it was merged before, else the one for one of its ids."""
        if record.label is not None:
            return record.label
        return next((self._labels[name] for name in record.identities if name in self._labels), None)


def read_ground_truth(folder: Path | None) -> GroundTruth:
    """Read all files below the folder. Raises InputError for a line that is not a label."""
    labels: dict[str, str] = {}
    for where, line in Capture(folder).lines() if folder is not None and folder.is_dir() else ():
        event_id, label = parse_label(where, line)
        labels[event_id] = label
    return GroundTruth(labels)


def parse_label(where: str, line: str) -> tuple[str, str]:
    """Return the event id and the label in a line."""
    try:
        document = json.loads(line)
        return str(document["eventMetadata"]["eventId"]), label_in(document["groundTruthData"]) or ""
    except UNUSABLE as error:
        raise InputError(f"{where} of the ground truth is not a label ({error!r}): {line[:120]!r}") from error


def merge(capture: Capture, ground_truth: GroundTruth, output: Path) -> int:
    """Write the captured records that have ground truth, each with its label, and return how many there are.

    The files keep the names of the capture files, so their folders still tell the hour.
    """
    merged = 0
    for path in capture.files():
        lines = merged_lines(path, capture, ground_truth)
        if lines:
            target = output / path.relative_to(capture.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text("".join(lines), encoding="utf-8")
            merged += len(lines)
    return merged


def merged_lines(path: Path, capture: Capture, ground_truth: GroundTruth) -> list[str]:
    lines = []
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            try:
                record = parse(line)
            except UNUSABLE:
                continue
            is_inside = (not capture.start or record.time >= capture.start) and (
                not capture.end or record.time < capture.end
            )
            label = ground_truth.label_of(record) if is_inside else None
            if label is not None:
                document: dict[str, Any] = json.loads(line)
                data = {"data": label, "encoding": "CSV"}
                lines.append(json.dumps({**document, "groundTruthData": data}, separators=(",", ":")) + "\n")
    return lines
