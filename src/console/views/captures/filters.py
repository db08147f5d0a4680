"""The filter of a list of captured records, and the list that it leaves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from console.aws.captures.records import Captured
from console.aws.workflow import Workflow
from console.views.images import one_of_each
from console.views.parameters import choice, invalid, is_number, share

SHOWN = 60
"""The tiles of a page of the list."""
SHOWN_DIGITS = 4
NEWEST, LEAST = "newest", "least"
ORDERS = (NEWEST, LEAST)
FILTERS = ("class", "low", "high", "from", "to", "order")


@dataclass(frozen=True)
class Filter:
    """Which captured records are shown. Bounds are inclusive; times are seconds since 1970."""

    label: int | None = None
    low: float = 0.0
    high: float = 1.0
    start: float = 0.0
    end: float = float("inf")
    order: str = NEWEST

    def __call__(self, record: Captured) -> bool:
        if self.label is not None and record.prediction != self.label:
            return False
        if record.confidence is not None and not self.low <= record.confidence <= self.high:
            return False
        return self.start <= record.time <= self.end


@dataclass(frozen=True)
class Neighbors:
    """The records beside one in the list, and the page of the list that has it."""

    before: Captured | None = None
    after: Captured | None = None
    page: int = 0


def class_names(stack: Workflow | None, records: Iterable[Captured]) -> Sequence[str]:
    """Return the names of the classes that records predict: those of the workflow, if it has as many."""
    count = max((record.prediction + 1 for record in records if record.prediction is not None), default=0)
    return stack.classes if stack and len(stack.classes) >= count else [f"class {number}" for number in range(count)]


def tiles_of(matching: Sequence[Captured], order: str) -> list[tuple[Captured, int]]:
    """Return the records that a filter leaves in an order, and for how many each stands.

    By certainty, equal ones are one.
    """
    if order != LEAST:
        return [(record, 1) for record in matching]
    ordered = sorted(matching, key=lambda record: 1.0 if record.confidence is None else record.confidence)
    return one_of_each(ordered, image_and_answer)


def neighbors(tiles: Sequence[tuple[Captured, int]], entry: Captured) -> Neighbors:
    """Return the records before and after one in a list; none if the list does not have it."""
    for number, (each, _) in enumerate(tiles):
        if (each.file, each.at) == (entry.file, entry.at):
            before = tiles[number - 1][0] if number else None
            after = tiles[number + 1][0] if number + 1 < len(tiles) else None
            return Neighbors(before, after, number // SHOWN)
    return Neighbors()


def image_and_answer(record: Captured) -> tuple[bytes, int | None, float]:
    """Return what records with the same image and the same answer have in common."""
    return record.image, record.prediction, round(record.confidence or 0.0, SHOWN_DIGITS)


def filter_of(query: Mapping[str, str]) -> Filter:
    """Return the filter in an address. Raises BadRequest, which names the field."""
    return Filter(
        label=_label(query.get("class", "")),
        low=share(query, "low", "Confidence from", 0.0),
        high=share(query, "high", "Confidence to", 1.0),
        start=_time(query, "from", "From (UTC)", 0.0),
        end=_time(query, "to", "To (UTC)", float("inf")),
        order=choice(query, "order", ORDERS, NEWEST),
    )


def filter_query(query: Mapping[str, str]) -> str:
    """Return the part of an address that has its filter."""
    return urlencode({name: query[name] for name in FILTERS if query.get(name)})


def _label(text: str) -> int | None:
    if not text:
        return None
    if not is_number(text):
        raise invalid("class", "Class", text, "the number of a class, for example 0")
    return int(text)


def _time(query: Mapping[str, str], name: str, label: str, default: float) -> float:
    text = query.get(name)
    if not text:
        return default
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid(name, label, text, "a date, or a date and a time, for example 2026-01-31T09:30") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
