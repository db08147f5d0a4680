"""List operations: AWS's filters, sorting and pages, the same for every kind of resource."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from sagemaker_emulator.errors import validation
from sagemaker_emulator.storage.store import R, Store

COLUMNS = {"CreationTime": "created", "LastModifiedTime": "modified", "Name": "name", "Status": "status"}
IN_BODY = {  # sorted by a field of the stored body
    "ScheduledTime": "scheduled",
    "SourceArn": "source_arn",
    "DestinationArn": "destination_arn",
    "SourceType": "source_type",
    "DestinationType": "destination_type",
}
FILTERS = {
    "NameContains": "instr(name, ?) > 0",
    "StatusEquals": "status = ?",
    "CreationTimeAfter": "created > ?",
    "CreationTimeBefore": "created < ?",
    "LastModifiedTimeAfter": "modified > ?",
    "LastModifiedTimeBefore": "modified < ?",
}
MAX_RESULTS = 100
DEFAULT_RESULTS = 10
INTEGER_MAX = (1 << 63) - 1  # of SQLite
START_DIGITS = 9  # of a token that is a number: no listing is longer
OF_ONE_PAGE = frozenset({"NextToken", "MaxResults"})
CREATED_BETWEEN = {"CreatedAfter": "CreationTimeAfter", "CreatedBefore": "CreationTimeBefore"}

T = TypeVar("T")
Filter: TypeAlias = tuple[str, tuple[Any, ...]]
"""An SQL condition over the columns of the store, and its parameters."""


@dataclass(frozen=True)
class Page:
    """One page of a listing and the token of the next one, None at the end."""

    resources: list[Any]
    next_token: str | None


def page(
    store: Store,
    type_: type[R],
    request: dict[str, Any],
    default_sort: str = "CreationTime",
    descending: bool = True,
    filters: Sequence[Filter] = (),
) -> Page:
    """Return the page that a List request asks for. `filters` are those that only this kind of resource has.

    A token holds the sort value and the name of the page's last row, so that new rows do not shift the next page.
    """
    column, attribute = _sort_key(request.get("SortBy", default_sort))
    down = request["SortOrder"] == "Descending" if "SortOrder" in request else descending
    clauses: list[Filter] = [(sql, (request[name],)) for name, sql in FILTERS.items() if name in request]
    clauses += filters
    query = _digest(type_.kind, request)
    if token := request.get("NextToken"):
        clauses.append((f"({column}, name) {'<' if down else '>'} (?, ?)", _place(token, query)))
    direction = "DESC" if down else "ASC"
    limit = min(request.get("MaxResults", DEFAULT_RESULTS), MAX_RESULTS)
    where = " AND ".join(sql for sql, _ in clauses) or "1"
    parameters = tuple(value for _, values in clauses for value in values)
    rows = store.select(type_, where, parameters, f"{column} {direction}, name {direction}", limit + 1)
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], _token(query, getattr(last, attribute, last.created), last.name))


def created_between(request: dict[str, Any]) -> dict[str, Any]:
    """Return a List request with its filters CreatedAfter and CreatedBefore named as in List requests of jobs."""
    return {CREATED_BETWEEN.get(name, name): value for name, value in request.items()}


def json_field(path: str) -> str:
    """Return the SQL expression for a field of the stored body. The path is of this program, never of a request."""
    return f"json_extract(CAST(body AS TEXT), '{path}')"


def in_json(path: str, value: str) -> Filter:
    """Return the filter for a field of the stored body that has this value, such as `$.approval`."""
    return "json_extract(CAST(body AS TEXT), ?) = ?", (path, value)


def named_in_json(path: str, name: str) -> Filter:
    """Return the filter for a field of the stored body that has this name of a resource, in any case."""
    sql, parameters = in_json(path, name)
    return f"{sql} COLLATE NOCASE", parameters


def named_filters(paths: Mapping[str, str], request: Mapping[str, Any]) -> list[Filter]:
    """Return a filter for each of the members that the request has, by their paths in the stored body."""
    return [named_in_json(path, request[member]) for member, path in paths.items() if member in request]


def _sort_key(by: str) -> tuple[str, str]:
    """Return the SQL expression that sorts, and the attribute of a resource that has its value."""
    if by in IN_BODY:
        return json_field(f"$.{IN_BODY[by]}"), IN_BODY[by]
    return COLUMNS[by], COLUMNS[by]


def sliced(items: Sequence[T], request: dict[str, Any]) -> tuple[Sequence[T], str | None]:
    """Return the page of items that are not in the store, and the token of the next one: the number of its first."""
    start = _start(request["NextToken"]) if request.get("NextToken") else 0
    end = start + request.get("MaxResults", DEFAULT_RESULTS)
    return items[start:end], base64.urlsafe_b64encode(str(end).encode()).decode() if end < len(items) else None


def _start(token: str) -> int:
    try:
        text = base64.b64decode(token, altchars=b"-_", validate=True)
    except ValueError:
        text = b""
    if not text.isdigit() or len(text) > START_DIGITS:
        raise validation("Invalid pagination token given in parameter NextToken")
    return int(text)


def _digest(kind: str, request: dict[str, Any]) -> str:
    """Return a digest of the kind, filters and order of a listing. A token is only valid for the same ones."""
    criteria = {name: value for name, value in request.items() if name not in OF_ONE_PAGE}
    return hashlib.sha256(json.dumps([kind, criteria], sort_keys=True).encode()).hexdigest()[:16]


def _token(query: str, value: float | str, name: str) -> str:
    return base64.urlsafe_b64encode(json.dumps([query, value, name]).encode()).decode()


def _place(token: str, query: str) -> tuple[float | str, str]:
    try:
        of_query, value, name = json.loads(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, TypeError, RecursionError):
        of_query = value = name = None
    is_value = isinstance(value, float | str) or (isinstance(value, int) and abs(value) <= INTEGER_MAX)
    if of_query != query or not (is_value and isinstance(name, str)):
        raise validation("Invalid pagination token given in parameter NextToken")
    return value, name
