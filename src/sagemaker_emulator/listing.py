"""List*: AWS's filters, sorting and pagination, the same for every kind of resource."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.store import R, Store

COLUMNS = {"CreationTime": "created", "LastModifiedTime": "modified", "Name": "name", "Status": "status"}
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


@dataclass(frozen=True)
class Page:
    """One page of a listing and the token of the next, or None at the end."""

    resources: list[Any]
    next_token: str | None


def page(
    store: Store, type_: type[R], request: dict[str, Any], default_sort: str = "CreationTime", descending: bool = True
) -> Page:
    """The page that a List* request asks for. The token is the place after the last row, so inserts do not shift it."""
    column = COLUMNS[request.get("SortBy", default_sort)]
    down = request["SortOrder"] == "Descending" if "SortOrder" in request else descending
    clauses = [sql for name, sql in FILTERS.items() if name in request]
    parameters = [request[name] for name in FILTERS if name in request]
    if token := request.get("NextToken"):
        place = _decoded(token)
        clauses.append(f"({column}, name) {'<' if down else '>'} (?, ?)")
        parameters += place
    direction = "DESC" if down else "ASC"
    limit = min(request.get("MaxResults", DEFAULT_RESULTS), MAX_RESULTS)
    rows = store.select(
        type_, " AND ".join(clauses) or "1", tuple(parameters), f"{column} {direction}, name {direction}", limit + 1
    )
    if len(rows) <= limit:
        return Page(rows, None)
    return Page(rows[:limit], _encoded(rows[limit - 1], column))


def _encoded(resource: Any, column: str) -> str:
    place = [getattr(resource, column, resource.created), resource.name]
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _decoded(token: str) -> list[Any]:
    try:
        place = json.loads(base64.urlsafe_b64decode(token))
    except (binascii.Error, ValueError):
        place = None
    if not (isinstance(place, list) and len(place) == 2 and isinstance(place[1], str)):
        raise validation("Invalid pagination token given in parameter NextToken")
    return place
