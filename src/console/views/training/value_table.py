"""The table of all values of many jobs: some rows at a time, in the order of a column that the reader chooses.

Rows are sorted here and not by a script: only a part of them is on the page, which is made anew while jobs run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from console.aws.training.comparison import ComparedJob, Comparison
from console.views.parameters import is_number

PATH = "/training-jobs/compare"
ROWS = 50
NAME, STATUS = "(name)", "(status)"
"""The columns that every job has. No hyperparameter has a name in parentheses."""
ASCENDING = "ascending"
OWN = ("sort", "order", "page")
"""The parameters of a page's address that belong to the table."""


@dataclass(frozen=True)
class ValueTable:
    """The rows of a page of the table, and the addresses of other orders and pages."""

    rows: Sequence[ComparedJob]
    column: str
    """The column by which the jobs are sorted; empty if the newest is first."""
    is_ascending: bool
    page: int
    count: int
    """How many rows all pages have."""
    others: Sequence[tuple[str, str]]
    """The parameters of the page's address that do not belong to the table."""

    @property
    def pages(self) -> int:
        return max(1, -(-self.count // ROWS))

    @property
    def first(self) -> int:
        """The number of the first row of the page."""
        return (self.page - 1) * ROWS + 1

    def order_of(self, column: str) -> str:
        """Return the value of aria-sort of a column; empty if the jobs are sorted by another one."""
        if column != self.column:
            return ""
        return ASCENDING if self.is_ascending else "descending"

    def sorted_by(self, column: str) -> str:
        """Return the address of the table in the order of a column: the largest first, or else the other way round."""
        turned = column == self.column and not self.is_ascending
        return self._address({"sort": column} | ({"order": ASCENDING} if turned else {}))

    def on_page(self, number: int) -> str:
        """Return the address of another page of the table."""
        order = {"order": ASCENDING} if self.is_ascending else {}
        return self._address(({"sort": self.column, **order} if self.column else {}) | {"page": str(number)})

    def _address(self, own: dict[str, str]) -> str:
        return f"{PATH}?{urlencode([*self.others, *own.items()])}#values"


def value_table(comparison: Comparison, request: web.Request) -> ValueTable:
    """Return the table that a page's address asks for."""
    query = request.query
    column, is_ascending = query.get("sort", ""), query.get("order") == ASCENDING
    ordered = _sorted(comparison, column, is_ascending) if column else comparison.jobs
    last = max(1, -(-len(ordered) // ROWS))
    asked = query.get("page", "")
    page = min(max(1, int(asked)), last) if is_number(asked) else 1
    others = [(name, value) for name, value in query.items() if name not in OWN]
    return ValueTable(ordered[(page - 1) * ROWS : page * ROWS], column, is_ascending, page, len(ordered), others)


def _sorted(comparison: Comparison, column: str, is_ascending: bool) -> list[ComparedJob]:
    """Return the jobs in the order of a column. Those without a value are last, whatever the order is."""
    values = [(_value(comparison, job, column), job) for job in comparison.jobs]
    known = [(isinstance(value, str), value, job) for value, job in values if value is not None]
    known.sort(key=lambda each: each[:2], reverse=not is_ascending)  # numbers before words
    return [*(job for _, _, job in known), *(job for value, job in values if value is None)]


def _value(comparison: Comparison, job: ComparedJob, column: str) -> float | str | None:
    if column in (NAME, STATUS):
        return job.name if column == NAME else job.status
    value = comparison.value(job, column)
    return comparison.set_value(job, column) if value is None else value
