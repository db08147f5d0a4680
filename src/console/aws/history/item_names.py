"""Names of the items of a Map: their indexes, and what tells their inputs apart."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from console.aws.history.visits import Visit

NAME_MAX = 40


def item_names(visits: Sequence[Visit]) -> dict[int, str]:
    """Return `item 1: served` for each visit inside a Map, by the visit's number.

    The name is the first short member of the inputs that has another value for each item, or the input itself.
    """
    first: dict[tuple[int, int], dict[int, Any]] = {}
    of_visit: dict[int, tuple[tuple[int, int], int]] = {}
    for visit in visits:
        if visit.item is None:
            continue
        block = _map_of(visit)
        of_visit[visit.number] = (block, visit.item)
        inputs = first.setdefault(block, {})
        if visit.item not in inputs:
            inputs[visit.item] = _value(visit.input)
    names = {block: _told_apart(inputs) for block, inputs in first.items()}
    return {
        number: f"item {item}: {names[block][item]}" if names[block].get(item) else f"item {item}"
        for number, (block, item) in of_visit.items()
    }


def _map_of(visit: Visit) -> tuple[int, int]:
    """Return the number of the Map's visit, and its attempt."""
    while visit.parent and visit.parent.kind != "Map":
        visit = visit.parent
    return (visit.parent.number if visit.parent else 0, visit.parent_attempt)


def _told_apart(inputs: dict[int, Any]) -> dict[int, str]:
    """Return the name of each item; none if nothing tells the items apart."""
    if len(inputs) < 2:
        return {}
    members = [value if isinstance(value, dict) else {"": value} for value in inputs.values()]
    for name in members[0]:
        values = [each.get(name) for each in members]
        if all(_is_short(value) for value in values) and len(set(map(str, values))) == len(values):
            return dict(zip(inputs, map(str, values), strict=True))
    return {}


def _is_short(value: Any) -> bool:
    return isinstance(value, str | int | float) and 0 < len(str(value)) <= NAME_MAX


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
