"""The rows of a dataset, one after another: files of CSV or JSON, or captured records of the window."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from image_monitoring.contract import Contract, InputError, parse_time
from image_monitoring.tabular.flattening import Row, captured_rows, column_name, flat
from image_monitoring.tabular.scripts import PREPROCESS, load_handler, preprocessed

UNUSABLE = (ValueError, LookupError, TypeError, AttributeError)  # the errors of a line that is not a record
CAPTURED = ("sagemakerCaptureJson", "sagemakerMergeJson")
FORMATS = "csv, json, sagemakerCaptureJson and sagemakerMergeJson"


@dataclass
class Dataset:
    """The dataset of a job. `unreadable` counts captured lines that give no row, by reason."""

    contract: Contract
    format: Mapping[str, Any]
    unreadable: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, contract: Contract) -> Dataset:
        """Return the dataset of a job. Raises InputError for a dataset_format that cannot be analyzed."""
        text = contract.variables.get("dataset_format") or "{}"
        try:
            formats = json.loads(text)
        except ValueError as error:
            raise InputError(f"dataset_format is {text!r}, which is not JSON") from error
        formats = formats if isinstance(formats, Mapping) else {}
        if not set(formats) & {"csv", "json", *CAPTURED} and text != "{}":
            raise InputError(f"dataset_format is {text!r}: {FORMATS} are analyzed")
        return cls(contract, formats or {CAPTURED[0]: {}})

    @property
    def is_captured(self) -> bool:
        return bool(set(self.format) & set(CAPTURED))

    @property
    def complaint(self) -> str:
        """Return how many records could not be read and the most frequent reason, or an empty text."""
        if not self.unreadable:
            return ""
        return f"{sum(self.unreadable.values())} records cannot be read: {self.unreadable.most_common(1)[0][0]}"

    def rows(self, names: Sequence[str] = ()) -> Iterator[Row]:
        """Yield the rows. `names` are the baseline's columns in their order, for captured CSV, which has no names."""
        if self.is_captured:
            yield from self._captured_rows(names)
        elif "csv" in self.format:
            for path in self._files():
                yield from _csv_rows(path, has_header=_is_set(self.format["csv"], "header"))
        else:
            for path in self._files():
                yield from _json_rows(path, by_line=_is_set(self.format["json"], "lines", "line"))

    def records(self) -> Iterator[Mapping[str, Any]]:
        """Yield the captured records of the window. The inputs are folders of whole hours, so they may have others."""
        start, end = self.contract.time("start_time"), self.contract.time("end_time")
        for path in self._files():
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in filter(str.strip, lines):
                    try:
                        record = json.loads(line)
                        time = parse_time(record["eventMetadata"]["inferenceTime"])
                        is_record = isinstance(record["captureData"], dict)
                    except UNUSABLE:
                        is_record = False
                    if not is_record:
                        self.unreadable["a line is not a captured record"] += 1
                    elif (start is None or time >= start) and (end is None or time < end):
                        yield record

    def _captured_rows(self, names: Sequence[str]) -> Iterator[Row]:
        """Yield the rows of records. Records that are not tables are counted; a failing script ends the job."""
        handler = load_handler(self.contract.path("record_preprocessor_script"), PREPROCESS)
        for record in self.records():
            if handler:
                yield from preprocessed(handler, record)
                continue
            try:
                rows = captured_rows(record, names)
            except InputError as error:
                self.unreadable[str(error)] += 1
                continue
            yield from rows

    def _files(self) -> list[Path]:
        folder = self.contract.dataset
        if folder.is_file():
            return [folder]
        return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))


def _is_set(options: Any, *names: str) -> bool:
    """Return whether an option is true: a word in the API, a boolean in the SDK."""
    values = [options.get(name) for name in names] if isinstance(options, Mapping) else []
    return any(value is True or str(value).lower() == "true" for value in values)


def _csv_rows(path: Path, has_header: bool) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        lines = csv.reader(file)
        try:
            names = [name.strip() for name in next(lines, [])] if has_header else []
            for line in filter(None, lines):
                yield {column_name(index, names): value or None for index, value in enumerate(line)}
        except csv.Error as error:
            raise InputError(f"{path.name} cannot be read as CSV: {error}") from error


def _json_rows(path: Path, by_line: bool) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig") as file:
            documents: Iterator[Any]
            if by_line:
                documents = (json.loads(line) for line in file if line.strip())
            else:
                document = json.load(file)
                documents = iter(document if isinstance(document, list) else [document])
            for document in documents:
                yield dict(flat(document))
    except ValueError as error:
        raise InputError(f"{path.name} cannot be read as JSON: {error}") from error
