"""DataProcessing: selects the part of a record for the model, and the parts of record and answer for the output."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.transform.json_path import JsonPath, JsonPathError

CSV = "text/csv"
JSON = "application/json"
JSON_LINES = "application/jsonlines"
READABLE = (CSV, JSON, JSON_LINES)


class DataProcessingError(Exception):
    """A record or an answer that cannot be read as its content type, or answers that do not match the records."""


@dataclass(frozen=True)
class DataProcessing:
    """The request's InputFilter, OutputFilter and JoinSource, with the media types of records and answers."""

    input_filter: JsonPath
    output_filter: JsonPath
    joins_input: bool
    content_type: str
    accept: str

    @classmethod
    def from_request(cls, request: dict[str, Any]) -> DataProcessing:
        """ValueError for a path that is not supported, or for media types that cannot be filtered or joined."""
        wire = request["DataProcessing"]
        processing = cls(
            input_filter=JsonPath.parse(wire["InputFilter"] or "$"),
            output_filter=JsonPath.parse(wire["OutputFilter"] or "$"),
            joins_input=wire["JoinSource"] == "Input",
            content_type=_media_type(request["TransformInput"].get("ContentType")),
            accept=_media_type(request["TransformOutput"].get("Accept")),
        )
        processing._check_types(request["TransformInput"]["SplitType"])
        return processing

    @property
    def changes_input(self) -> bool:
        return self.input_filter.text != "$"

    @property
    def changes_output(self) -> bool:
        return self.joins_input or self.output_filter.text != "$"

    def sent(self, record: bytes) -> bytes:
        """Return the part of a record that is sent to the model."""
        if not self.changes_input:
            return record
        return _written(self._selected(self.input_filter, _read(record, self.content_type)), self.content_type)

    def stored(self, records: Sequence[bytes], answer: bytes) -> bytes:
        """Return the output for the answer to these records."""
        is_one = len(records) == 1 and self.accept == JSON
        answers = [answer] if is_one else answer.splitlines()
        if not self.joins_input:
            return b"\n".join(self._filtered(_read(one, self.accept)) for one in answers)
        if len(answers) != len(records):
            raise DataProcessingError("Fail to join data: mismatched line count between the input and the output")
        return b"\n".join(self._joined(record, one) for record, one in zip(records, answers, strict=True))

    def _joined(self, record: bytes, answer: bytes) -> bytes:
        return self._filtered(_joined(_read(record, self.content_type), _read(answer, self.accept), self.accept))

    def _filtered(self, value: Any) -> bytes:
        return _written(self._selected(self.output_filter, value), self.accept)

    def _selected(self, path: JsonPath, value: Any) -> Any:
        try:
            return path.select(value)
        except JsonPathError as error:
            raise DataProcessingError(str(error)) from error

    def _check_types(self, split_type: str) -> None:
        reads_input = self.changes_input or self.joins_input
        if reads_input and self.content_type not in READABLE:
            raise ValueError(_unreadable("TransformInput.ContentType", self.content_type))
        if reads_input and split_type != "Line" and (split_type != "None" or self.content_type != JSON):
            raise ValueError(f"DataProcessing of {self.content_type} needs SplitType Line, not {split_type}")
        if self.changes_output and self.accept not in READABLE:
            raise ValueError(_unreadable("TransformOutput.Accept", self.accept))
        if self.joins_input and (self.content_type == CSV) != (self.accept == CSV):
            raise ValueError(
                f"JoinSource Input cannot join {self.content_type} with {self.accept}: "
                "ContentType and Accept must both be CSV or both be JSON"
            )


def _unreadable(member: str, value: str) -> str:
    return f"DataProcessing needs {member} to be {CSV}, {JSON} or {JSON_LINES}, not {value!r}"


def _media_type(value: str | None) -> str:
    return (value or "").partition(";")[0].strip().lower()


def _joined(record: Any, answer: Any, media_type: str) -> Any:
    """Join as AWS does: CSV rows are put after one another, JSON answers become SageMakerOutput of their record."""
    if media_type == CSV:
        return [*record, *answer]
    if isinstance(record, dict):
        return {**record, "SageMakerOutput": answer}
    return {"SageMakerInput": record, "SageMakerOutput": answer}


def _read(text: bytes, media_type: str) -> Any:
    try:
        decoded = text.decode()
        if media_type == CSV:
            return next(csv.reader([decoded.strip("\r\n")]))
        return json.loads(decoded)
    except (ValueError, csv.Error) as error:
        raise DataProcessingError(f"Fail to parse {media_type}: {error}") from error


def _written(value: Any, media_type: str) -> bytes:
    if media_type != CSV:
        return json.dumps(value, separators=(",", ":")).encode()
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(value if isinstance(value, list) else [value])
    return text.getvalue().encode()
