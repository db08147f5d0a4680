"""A fault of a definition, as ValidateStateMachineDefinition reports it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

SCHEMA = "SCHEMA_VALIDATION_FAILED"


@dataclass(frozen=True)
class Fault:
    message: str
    place: str | None
    """A JSON pointer such as /States/A/Next; None for the whole machine."""
    code: str = SCHEMA

    def __str__(self) -> str:
        return f"{self.code}: {self.message} at {'null' if self.place is None else self.place}"


Faults = Iterator[Fault]


def is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_expression(value: Any) -> bool:
    """Whether the value is a JSONata expression, `{% … %}`."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def rules_in(state: dict[str, Any], field: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Return the rules of Choices, or the handlers of Retry or Catch, with their indexes."""
    rules = state.get(field)
    for index, rule in enumerate(rules if isinstance(rules, list) else ()):
        if isinstance(rule, dict):
            yield index, rule
