"""SearchExpression: filters, nested filters and sub-expressions, joined by And or Or."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.search.conditions import Condition
from sagemaker_emulator.search.properties import Property, elements_of
from sagemaker_emulator.wire.model import Shape

ELEMENTS_MAX = 50
CONTAINED_OFTEN = {  # the properties for which an expression may have several Contains; the API reference's Filter
    "Experiment": ("DisplayName", "ExperimentName", "Tags"),
    "Trial": ("DisplayName", "TrialName", "Tags"),
    "TrialComponent": ("DisplayName", "TrialComponentName", "Tags", "InputArtifacts", "OutputArtifacts"),
}


@dataclass(frozen=True)
class Nested:
    """Filters that one element of a list must satisfy together."""

    elements: Property
    conditions: tuple[Condition, ...]

    def matches(self, record: Any) -> bool:
        return any(
            all(condition.matches(element) for condition in self.conditions)
            for element in self.elements.values_in(record)
        )


@dataclass(frozen=True)
class Expression:
    """An expression. One without parts matches every record."""

    parts: tuple[Condition | Nested | Expression, ...]
    is_any: bool = False

    @classmethod
    def parse(cls, wire: dict[str, Any], shape: Shape) -> Expression:
        """Parse an expression. ValidationException for one that AWS refuses."""
        if not any(wire.get(name) for name in ("Filters", "NestedFilters", "SubExpressions")):
            raise validation("SearchExpression needs at least one filter, nested filter or sub-expression.")
        if (count := _count(wire)) > ELEMENTS_MAX:
            raise validation(f"SearchExpression can have at most {ELEMENTS_MAX} elements, not {count}.")
        _refuse_contains(wire, shape)
        return cls._of(wire, shape)

    @classmethod
    def _of(cls, wire: dict[str, Any], shape: Shape) -> Expression:
        conditions = tuple(Condition.parse(one, shape) for one in wire.get("Filters", ()))
        nested = tuple(_nested(one, shape) for one in wire.get("NestedFilters", ()))
        inner = tuple(cls._of(one, shape) for one in wire.get("SubExpressions", ()))
        return cls((*conditions, *nested, *inner), wire.get("Operator") == "Or")

    def matches(self, record: Any) -> bool:
        results = (part.matches(record) for part in self.parts)
        return any(results) if self.is_any and self.parts else all(results)


EVERYTHING = Expression(())


def _nested(wire: dict[str, Any], shape: Shape) -> Nested:
    """Return nested filters. Their names begin with the list's name or are relative to its elements."""
    name = wire["NestedPropertyName"]
    elements, inner = elements_of(shape, name)
    relative = [{**one, "Name": one["Name"].removeprefix(f"{name}.")} for one in wire["Filters"]]
    return Nested(elements, tuple(Condition.parse(one, inner) for one in relative))


def _count(wire: dict[str, Any]) -> int:
    nested = sum(1 + len(one["Filters"]) for one in wire.get("NestedFilters", ()))
    inner = sum(1 + _count(one) for one in wire.get("SubExpressions", ()))
    return len(wire.get("Filters", ())) + nested + inner


def _refuse_contains(wire: dict[str, Any], shape: Shape) -> None:
    often = CONTAINED_OFTEN.get(shape.name, ())
    rare = [
        one for one in _filters(wire) if one.get("Operator") == "Contains" and one["Name"].split(".")[0] not in often
    ]
    if len(rare) > 1:
        raise validation("'CONTAINS' operator usage limit of 1 exceeded.")


def _filters(wire: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from wire.get("Filters", ())
    for nested in wire.get("NestedFilters", ()):
        yield from nested["Filters"]
    for inner in wire.get("SubExpressions", ()):
        yield from _filters(inner)
