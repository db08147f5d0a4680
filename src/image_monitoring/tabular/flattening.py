"""Payloads as values: lines of CSV as lists, JSON as flat objects, both sides of a captured record as one row."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from image_monitoring.contract import InputError

Row = dict[str, Any]
Side = Any  # of a captured record: a list of values, or a row
SIDES = ("endpointOutput", "endpointInput")  # in the order of a baseline's columns, which has the label first


def column_name(index: int, names: Sequence[str] = ()) -> str:
    """Return the baseline's name of a column without a name, or else Spark's, which Model Monitor writes."""
    return names[index] if index < len(names) else f"_c{index}"


def csv_lines(text: str) -> list[list[Any]]:
    """Return the values of each line; an empty value is None. Raises InputError for text that is not CSV."""
    try:
        return [[value if value != "" else None for value in line] for line in csv.reader(io.StringIO(text)) if line]
    except csv.Error as error:
        raise InputError(f"a payload cannot be read as CSV: {error}") from error


def flat(document: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of a JSON document with their names: `a.b`, and `a0` for the first item of the list `a`."""
    if isinstance(document, Mapping):
        for name, value in document.items():
            yield from flat(value, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(document, list):
        for number, value in enumerate(document):
            yield from flat(value, f"{prefix}{number}" if prefix else column_name(number))
    else:
        yield prefix or column_name(0), document


def payload_text(side: Mapping[str, Any]) -> str:
    data = side.get("data") or ""
    if side.get("encoding") != "BASE64":
        return str(data)
    try:
        return base64.b64decode(data).decode()
    except ValueError as error:
        raise InputError(
            f"a payload of the type {side.get('observedContentType')} is neither CSV nor JSON; a record preprocessor "
            "script can turn it into columns"
        ) from error


def is_csv(side: Mapping[str, Any]) -> bool:
    kind = str(side.get("observedContentType") or "").lower()
    return side.get("encoding") == "CSV" or (side.get("encoding") == "BASE64" and kind.startswith("text/csv"))


def side_rows(side: Mapping[str, Any]) -> list[Side]:
    """Return the rows of one side of a record: a list for each line of CSV, or one flat object."""
    text = payload_text(side)
    if is_csv(side):
        return list(csv_lines(text)) or [[None]]  # an empty payload is one missing value
    try:
        return [dict(flat(json.loads(text)))]
    except (ValueError, RecursionError) as error:  # who can invoke the endpoint chooses how deep a payload is nested
        raise InputError(f"a payload cannot be read as JSON: {error}") from error


def captured_rows(record: Mapping[str, Any], names: Sequence[str]) -> list[Row]:
    """Return the rows of a captured record: the answer's columns, then the request's. InputError if it has none.

    Columns of CSV have no names: they take those of the baseline, by their position.
    """
    data = record["captureData"]
    sides = [side_rows(data[name]) for name in SIDES if data.get(name)]
    count = max((len(rows) for rows in sides), default=0)
    return [_joined([rows[number] for rows in sides if number < len(rows)], names) for number in range(count)]


def _joined(parts: Sequence[Side], names: Sequence[str]) -> Row:
    row: Row = {}
    position = 0
    for part in parts:
        if isinstance(part, dict):
            row.update(part)
            continue
        for value in part:
            row[column_name(position, names)] = value
            position += 1
    return row
