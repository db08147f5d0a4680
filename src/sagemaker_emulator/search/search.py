"""Search and GetSearchSuggestions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.search.conditions import number_of
from sagemaker_emulator.search.expressions import EVERYTHING, Expression
from sagemaker_emulator.search.properties import Property, plain_value, property_of
from sagemaker_emulator.search.records import Record, Records, RecordType
from sagemaker_emulator.storage.listing import sliced
from sagemaker_emulator.wire.model import Shape, service_model

DEFAULT_SORT = "LastModifiedTime"
SUGGESTED_MAX = 10_000
SUGGESTED_DEPTH = 4


class Search:
    def __init__(self, records: Records) -> None:
        self._records = records

    def page(self, request: dict[str, Any]) -> tuple[list[Record], str | None, int]:
        """Return the records that a request asks for, the token of the next page, and the number of all."""
        type_ = self._type(request["Resource"])
        if "VisibilityConditions" in request:
            raise validation("VisibilityConditions is not emulated; leave it out.")
        shape = service_model("sagemaker").shape(type_.shape)
        wire = request.get("SearchExpression")
        expression = Expression.parse(wire, shape) if wire else EVERYTHING
        order = property_of(shape, request.get("SortBy") or _default_sort(shape))
        descending = request.get("SortOrder", "Descending") == "Descending"
        matching: list[Record] = []
        if request.get("CrossAccountFilterOption") != "CrossAccount":  # nothing is shared between accounts here
            matching = [record for record in self._records.of(type_) if expression.matches(record)]
        shown, token = sliced(_sorted(matching, order, descending), request)
        return [{type_.member: record} for record in shown], token, len(matching)

    def suggestions(self, request: dict[str, Any]) -> list[str]:
        """Return the names of a resource's properties that contain the hint."""
        shape = service_model("sagemaker").shape(self._type(request["Resource"]).shape)
        query = request.get("SuggestionQuery", {}).get("PropertyNameQuery", {})
        hint = query.get("PropertyNameHint", "").lower()
        return [name for name in _property_names(shape, "", SUGGESTED_DEPTH) if hint in name.lower()][:SUGGESTED_MAX]

    def _type(self, resource: str) -> RecordType:
        if resource not in self._records.types:
            known = ", ".join(self._records.types)
            raise validation(f"Searching for {resource} is not emulated. These resources are: {known}.")
        return self._records.types[resource]


def _default_sort(shape: Shape) -> str:
    """Return the property that results are sorted by; a model's are inside its record."""
    if "Model" in shape.members:
        return "Model.CreationTime"
    return DEFAULT_SORT if DEFAULT_SORT in shape.members else "CreationTime"


def _sorted(records: list[Record], order: Property, descending: bool) -> list[Record]:
    """Return the records in order, those without a value at the end. Of several values, the first one counts."""
    keyed = [(_key(next(order.values_in(record), None)), record) for record in records]
    valued = sorted(((key, record) for key, record in keyed if key), key=lambda pair: pair[0], reverse=descending)
    return [record for _, record in valued] + [record for key, record in keyed if not key]


def _key(value: Any) -> tuple[bool, float, str] | None:
    """Return a value's sort key, numbers before texts; None for no value."""
    value = plain_value(value)
    if value is None:
        return None
    if isinstance(value, bool) or (number := number_of(value)) is None:
        return True, 0.0, str(value)
    return False, number, ""


def _property_names(shape: Shape, prefix: str, depth: int) -> Iterator[str]:
    while shape.type == "list":
        shape = shape.item.shape
    if shape.type != "structure" or not depth:
        yield prefix
        return
    for name, member in shape.members.items():
        yield from _property_names(member.shape, f"{prefix}.{name}" if prefix else name, depth - 1)
