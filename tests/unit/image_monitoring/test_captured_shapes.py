"""Records of every shape that data capture writes are read without loss.

Sources: "Capture data from real-time endpoint" of the developer guide (encodings, customAttributes, inferenceId), and
the files that data capture writes: a captured payload is text in the encodings CSV and JSON, else Base64.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from image_monitoring.contract import Contract
from image_monitoring.reading.capture import Capture
from image_monitoring.reading.ground_truth import GroundTruth, merge
from image_monitoring.tabular.records import Dataset

PICTURE = bytes(range(256))
TEXT = 'ß,"two, with a comma",\n\u2028'
TIME = datetime(2026, 1, 31, 9, 0, 5, tzinfo=UTC)


def side(mode: str, content: bytes, encoding: str, kind: str | None) -> dict[str, Any]:
    data = base64.b64encode(content).decode() if encoding == "BASE64" else content.decode()
    described = {} if kind is None else {"observedContentType": kind}
    return {**described, "mode": mode, "data": data, "encoding": encoding}


def request(content: bytes, encoding: str, kind: str | None) -> dict[str, Any]:
    return {"endpointInput": side("INPUT", content, encoding, kind)}


def answer(content: bytes, encoding: str, kind: str | None) -> dict[str, Any]:
    return {"endpointOutput": side("OUTPUT", content, encoding, kind)}


IMAGE = request(PICTURE, "BASE64", "application/x-image")
JSON = answer(b"[0.25, 0.75]", "JSON", "application/json")


@dataclass(frozen=True)
class Shape:
    """A record, and what its reader returns: the request's content and the probabilities of the answer."""

    data: dict[str, Any]
    content: bytes = PICTURE
    probabilities: tuple[float, ...] = (0.25, 0.75)
    metadata: dict[str, Any] | None = None
    version: str = "0"

    def record(self, number: int) -> dict[str, Any]:
        metadata = {"eventId": f"event-{number}", "inferenceTime": "2026-01-31T09:00:05Z", **(self.metadata or {})}
        return {"captureData": self.data, "eventMetadata": metadata, "eventVersion": self.version}


SHAPES = {
    "an image and JSON": Shape({**IMAGE, **JSON}),
    "an image and CSV": Shape({**IMAGE, **answer(b"0.25,0.75", "CSV", "text/csv")}),
    "JSON in Base64": Shape({**IMAGE, **answer(b"[0.25, 0.75]", "BASE64", "application/octet-stream")}),
    "a request in CSV": Shape({**request(TEXT.encode(), "CSV", "text/csv; charset=utf-8"), **JSON}, TEXT.encode()),
    "a request in JSON": Shape({**request(b'{"a": [1, {"b": null}]}', "JSON", "application/json"), **JSON},
                               b'{"a": [1, {"b": null}]}'),
    "no content type": Shape({**request(PICTURE, "BASE64", None), **JSON}),
    "an empty answer": Shape({**IMAGE, **answer(b"", "CSV", "text/csv")}, probabilities=()),
    "an empty answer in Base64": Shape({**IMAGE, **answer(b"", "BASE64", None)}, probabilities=()),
    "an answer without data": Shape({**IMAGE, "endpointOutput": {"mode": "OUTPUT", "encoding": "JSON", "data": None}},
                                    probabilities=()),
    "a request alone": Shape(IMAGE, probabilities=()),
    "an answer alone": Shape(JSON, b""),
    "an answer that is no list": Shape({**IMAGE, **answer(b'{"error": "\xc3\x9f"}', "JSON", "application/json")},
                                       probabilities=()),
    "custom attributes": Shape({**IMAGE, **JSON}, metadata={"customAttributes": ["trace-id=1;\u00fc=2"]}),
    "an inference id": Shape({**IMAGE, **JSON}, metadata={"inferenceId": "caller-1"}),
    "another version": Shape({**IMAGE, **JSON}, version="1"),
}  # fmt: skip


def written(folder: Path, *shapes: Shape) -> list[dict[str, Any]]:
    """Write the records as data capture does, one on each line, and return them."""
    records = [shape.record(number) for number, shape in enumerate(shapes)]
    file = folder / "AllTraffic" / "2026/01/31/09" / "00-05-123-file.jsonl"
    file.parent.mkdir(parents=True)
    file.write_text("".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records))
    return records


@pytest.mark.parametrize("name", SHAPES)
def test_a_record_keeps_its_content_and_its_ids(name: str, tmp_path: Path) -> None:
    shape = SHAPES[name]
    written(tmp_path, shape)
    capture = Capture(tmp_path)
    (record,) = capture.read()
    assert (record.image, record.probabilities) == (shape.content, shape.probabilities)
    assert (record.event_id, record.inference_id) == ("event-0", (shape.metadata or {}).get("inferenceId"))
    assert record.time == TIME
    assert (capture.records, capture.unreadable_count, capture.outside) == (1, 0, 0)


def test_all_records_reach_the_analysis_of_tables_unchanged(tmp_path: Path) -> None:
    records = written(tmp_path, *SHAPES.values())
    dataset = Dataset.of(Contract(tmp_path, {"dataset_source": str(tmp_path)}))
    assert list(dataset.records()) == records
    assert not dataset.unreadable


def test_records_that_are_merged_with_ground_truth_keep_every_member(tmp_path: Path) -> None:
    records = written(tmp_path / "captured", *SHAPES.values())
    truth = GroundTruth({f"event-{number}": str(number) for number in range(len(records))})
    assert merge(Capture(tmp_path / "captured"), truth, tmp_path / "merged") == len(records)
    (file,) = (tmp_path / "merged").rglob("*.jsonl")
    merged = [json.loads(line) for line in file.read_text().splitlines()]
    labels = [record.pop("groundTruthData") for record in merged]
    assert merged == records
    assert labels == [{"data": str(number), "encoding": "CSV"} for number in range(len(records))]
