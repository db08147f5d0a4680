"""Captured records are read as AWS writes them, and damaged ones are counted."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.unit.image_monitoring.pictures import BEGAN, captured, pictures, png, write_capture

from image_monitoring.reading.capture import Capture, parse, probabilities_in
from image_monitoring.reading.ground_truth import merge, read_ground_truth


def line(number: int = 0, **more: Any) -> str:
    return json.dumps(captured(b"image", [0.25, 0.75], number, **more))


def test_a_record_has_its_image_its_answer_and_its_ids() -> None:
    record = parse(line(3, inferenceId="execution-3"))
    assert (record.image, record.probabilities) == (b"image", (0.25, 0.75))
    assert record.identities == ("execution-3", "event-3")
    assert record.time == BEGAN + timedelta(seconds=3)


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"[0.1, 0.9]", (0.1, 0.9)),
        (b"0.1,0.9", (0.1, 0.9)),
        (b'{"prediction": [1, 0]}', (1.0, 0.0)),
        (b'{"error": "busy"}', ()),
        (b"[true, false]", ()),
        (b"[2.5, -1.0]", ()),
        (b"[0.5, NaN]", ()),
        (b"[Infinity]", ()),
        (b"[" * 100_000, ()),
        (b"", ()),
    ],
)
def test_an_answer_is_a_list_of_numbers_or_nothing(output: bytes, expected: tuple[float, ...]) -> None:
    assert probabilities_in(output) == expected


def test_records_outside_of_the_window_are_left_out(tmp_path: Path) -> None:
    write_capture(tmp_path, pictures(10, 1))
    capture = Capture(tmp_path, BEGAN + timedelta(seconds=2), BEGAN + timedelta(seconds=6))
    assert [record.event_id for record in capture.read()] == ["event-2", "event-3", "event-4", "event-5"]
    assert capture.outside == 6


def test_a_line_that_is_not_a_record_is_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "one.jsonl").write_text(f'{line()}\n\n{{"half": \nnull\n{line(1)}\n')
    capture = Capture(tmp_path)
    assert len(list(capture.read())) == 2
    assert capture.unreadable_count == 2
    assert capture.unreadable[0].startswith("line 3 of one.jsonl (JSONDecodeError")


def truth(folder: Path, labels: dict[str, str]) -> None:
    lines = [
        {"groundTruthData": {"data": label, "encoding": "CSV"}, "eventMetadata": {"eventId": name}, "eventVersion": "0"}
        for name, label in labels.items()
    ]
    folder.mkdir(exist_ok=True)
    (folder / "labels.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in lines))


def test_ground_truth_meets_its_record_by_inference_id_or_event_id(tmp_path: Path) -> None:
    truth(tmp_path, {"execution-1": "1", "event-2": "0"})
    labels = read_ground_truth(tmp_path)
    assert labels.label_of(parse(line(1, inferenceId="execution-1"))) == "1"
    assert labels.label_of(parse(line(2, inferenceId="other"))) == "0"
    assert labels.label_of(parse(line(3))) is None


def test_merged_records_keep_their_folders_and_have_their_labels(tmp_path: Path) -> None:
    write_capture(tmp_path / "in", pictures(5, 1))
    truth(tmp_path / "truth", {"event-1": "1", "event-4": "0"})
    assert merge(Capture(tmp_path / "in"), read_ground_truth(tmp_path / "truth"), tmp_path / "out") == 2
    merged = list(Capture(tmp_path / "out").read())
    assert [(record.event_id, record.label) for record in merged] == [("event-1", "1"), ("event-4", "0")]
    assert merged[0].image == png(pictures(5, 1)[1])
