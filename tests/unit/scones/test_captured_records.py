import base64
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from scones.context import Context
from scones.errors import CaptureError
from scones.report import captured_records
from scones.report.captured_records import CapturedRecord

PNG = b"\x89PNG\r\n\x1a\n"


def line(event_id: str, inference_id: str | None = None, output: str = "[0.9, 0.1]") -> str:
    data = {
        "endpointInput": {"mode": "INPUT", "data": base64.b64encode(PNG).decode(), "encoding": "BASE64"},
        "endpointOutput": {"mode": "OUTPUT", "data": output, "encoding": "JSON"},
    }
    metadata = {"eventId": event_id, "inferenceTime": "2026-01-01T00:00:00Z"}
    metadata |= {"inferenceId": inference_id} if inference_id else {}
    return json.dumps({"captureData": data, "eventMetadata": metadata, "eventVersion": "0"})


def put(context: Context, name: str, *lines: str) -> None:
    key = f"{captured_records.prefix_of('scones-vehicles')}2026/01/01/00/{name}"
    context.client("s3").put_object(Bucket=context.data_bucket.name, Key=key, Body="\n".join(lines).encode())


def read_all(
    context: Context, is_complete: Callable[[list[CapturedRecord]], bool], timeout_s: float = 60
) -> list[CapturedRecord]:
    bucket = context.data_bucket
    return captured_records.read_all(bucket, "scones-vehicles", is_complete, context.console, timeout_s)


def test_a_record_has_image_probabilities_and_inference_id() -> None:
    record = captured_records.parse(line("e", "bike-1"))
    assert (record.image, record.probabilities, record.inference_id) == (PNG, (0.9, 0.1), "bike-1")
    assert (record.prediction, record.confidence) == (0, 0.9)


def test_every_line_of_every_file_is_read(context: Context) -> None:
    put(context, "a.jsonl", line("1"), line("2"), "", line("3"))
    put(context, "b.jsonl", line("4", "bike-1"))
    put(context, "notes.txt", "not a record")
    records = read_all(context, lambda records: len(records) == 4)
    assert {record.event_id for record in records} == {"1", "2", "3", "4"}


def test_files_beyond_the_first_page_of_the_listing_are_read(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    for number in range(8):
        put(context, f"{number}.jsonl", line(str(number)))
    assert context.client("s3").list_objects_v2(Bucket=context.data_bucket.name)["IsTruncated"]
    assert len(read_all(context, lambda records: True)) == 8


def test_records_that_arrive_later_are_waited_for(context: Context) -> None:
    put(context, "a.jsonl", line("1"))

    def is_complete(records: list[CapturedRecord]) -> bool:
        """Let another file arrive after the first look."""
        put(context, "b.jsonl", line("2"))
        return len(records) == 2

    assert {record.event_id for record in read_all(context, is_complete)} == {"1", "2"}


def test_complete_records_end_the_wait(context: Context) -> None:
    put(context, "a.jsonl", line("1"))
    looks: list[int] = []

    def is_complete(records: list[CapturedRecord]) -> bool:
        assert not looks, "the records were complete at the last look"
        looks.append(len(records))
        return True

    read_all(context, is_complete)
    assert looks == [1]


def test_the_deadline_returns_the_records_so_far(context: Context) -> None:
    put(context, "a.jsonl", line("1"))
    assert len(read_all(context, lambda records: False, timeout_s=0.01)) == 1


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"eventMetadata": {}, "captureData": 1}'])
def test_an_invalid_line_is_named(text: str) -> None:
    with pytest.raises(CaptureError, match=r"line 2 of s3://b/k\.jsonl is not a captured record"):
        list(captured_records.parse_file("s3://b/k.jsonl", f"{line('1')}\n{text}"))


def test_an_answer_that_is_not_a_list_has_no_probabilities() -> None:
    assert captured_records.parse(line("e", output="oops")).probabilities == ()


def test_records_that_aws_wrote_are_read(shared_data: ModuleType) -> None:
    folder: Path = shared_data.shared("fixtures/data-capture")
    records = [
        record
        for file in sorted(folder.iterdir())
        for record in captured_records.parse_file(file.name, file.read_text())
    ]
    assert len(records) == 21
    assert all(record.image.startswith(PNG) and len(record.probabilities) == 2 for record in records)
    assert all(0.5 <= record.confidence <= 1 for record in records)
