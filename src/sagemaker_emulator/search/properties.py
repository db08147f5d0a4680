"""Properties of search records: whether a resource has one, of what type it is, and its values in a record.

A name is a path through the record, such as `InputDataConfig.ChannelName`. A list has the values of all its elements.
The rest of a path after a map is a key, which may have dots. `Metrics.<name>`, `Parameters.<name>` and `Tags.<key>` are
AWS's own forms. Members may be written in any case, because the SDK writes `metrics.<name>.max`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.wire.model import Member, Shape

NUMBERS = frozenset({"integer", "long", "float", "double"})
STATISTICS = ("Max", "Min", "Last", "Count", "Avg", "StdDev")
VALUES = ("NumberValue", "StringValue", "Value")  # of a parameter or an artifact, if the name stops at it

Record = dict[str, Any]


@dataclass(frozen=True)
class Property:
    """One property. `type` is text, number, boolean or timestamp, or any: a map's values may be texts or numbers."""

    name: str
    type: str
    values_in: Callable[[Any], Iterator[Any]]


def property_of(shape: Shape, name: str) -> Property:
    """Return a property of a structure by its name. ValidationException if it has none of that name."""
    head, _, rest = name.partition(".")
    if head.lower() == "tags" and "Tags" in shape.members:
        return Property(name, "text", lambda record: _tags(record, rest))
    if head.lower() == "metrics" and rest and "FinalMetricDataList" in shape.members:
        return Property(name, "number", lambda record: _final_metrics(record, rest))
    if head.lower() == "metrics" and rest and "Metrics" in shape.members:
        return Property(name, "number", lambda record: _statistics(record, rest))
    steps, found = _path(shape, name)
    return Property(name, _type(found), lambda record: _follow(record, steps))


def elements_of(shape: Shape, name: str) -> tuple[Property, Shape]:
    """Return the list of objects of this name, and the shape of one. ValidationException if it is no such list."""
    steps, inner = _path(shape, name)
    if inner.type != "structure":
        raise validation(f"{name} is not a list of objects, so it cannot have nested filters.")
    return Property(name, "any", lambda record: _follow(record, steps)), inner


def _path(shape: Shape, name: str) -> tuple[tuple[str, ...], Shape]:
    """Return the steps of a path, spelt as in records, and the shape of its values: a map's for any of its keys."""
    steps: list[str] = []
    rest = name
    while rest:
        while shape.type == "list":
            shape = shape.item.shape
        if shape.type == "map":
            return (*steps, rest), shape
        head, _, rest = rest.partition(".")
        member = _member(shape, head) if shape.type == "structure" else None
        if member is None:
            raise validation(f"Unknown property name: {name}. Use a property of the resource's SearchRecord.")
        steps.append(member.name)
        shape = member.shape
    while shape.type == "list":
        shape = shape.item.shape
    return tuple(steps), shape


def _member(shape: Shape, name: str) -> Member | None:
    return shape.members.get(name) or next(
        (member for known, member in shape.members.items() if known.lower() == name.lower()), None
    )


def _type(shape: Shape) -> str:
    if shape.type in NUMBERS:
        return "number"
    if shape.type in ("boolean", "timestamp"):
        return shape.type
    return "text" if shape.type == "string" else "any"


def _follow(value: Any, steps: tuple[str, ...]) -> Iterator[Any]:
    if value is None:
        return
    if isinstance(value, list | tuple):
        for part in value:
            yield from _follow(part, steps)
    elif not steps:
        yield value
    elif isinstance(value, dict):
        head, *rest = steps
        yield from _follow(value[head], tuple(rest)) if head in value else _in_map(value, head)


def _in_map(value: dict[str, Any], path: str) -> Iterator[Any]:
    """Yield the value of a map's key, where the path is a key, or a key and a member: `data.MediaType`."""
    key, _, member = path.rpartition(".")
    if key in value and isinstance(value[key], dict) and member in value[key]:
        yield value[key][member]


def plain_value(value: Any) -> Any:
    """Return the value to compare: of a parameter or an artifact its only member, otherwise the value itself."""
    if isinstance(value, dict):
        return next((value[name] for name in VALUES if name in value), value)
    return value


def _tags(record: Record, key: str) -> Iterator[str]:
    for tag in record.get("Tags", ()):
        if not key or tag["Key"] == key:
            yield tag["Value"] if key else tag["Key"]


def _final_metrics(record: Record, name: str) -> Iterator[float]:
    for metric in record.get("FinalMetricDataList") or ():
        if metric["MetricName"] == name:
            yield metric["Value"]


def _statistics(record: Record, path: str) -> Iterator[float]:
    """Yield a statistic of a component's metric: `accuracy.max`, or the last value for `accuracy`."""
    name, _, ending = path.rpartition(".")
    statistic = next((one for one in STATISTICS if one.lower() == ending.lower()), None)
    for metric in record.get("Metrics", ()):
        if metric["MetricName"] == path:
            yield metric["Last"]
        elif statistic and metric["MetricName"] == name:
            yield metric[statistic]
