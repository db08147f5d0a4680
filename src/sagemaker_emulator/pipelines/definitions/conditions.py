"""Conditions of a Condition step, checked and evaluated."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

from sagemaker_emulator.pipelines.definitions.errors import DefinitionError, ExpressionError
from sagemaker_emulator.pipelines.definitions.expressions import Scope, evaluate

COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "Equals": operator.eq,
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
MEMBERS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(COMPARISONS, ("LeftValue", "RightValue")),
    "In": ("QueryValue", "Values"),
    "Not": ("Condition",),
    "Or": ("Conditions",),
}


def check_condition(condition: Any) -> None:
    """Raise DefinitionError for a condition that is not of the schema."""
    type_name = condition.get("Type") if isinstance(condition, dict) else None
    if not isinstance(type_name, str) or type_name not in MEMBERS:
        raise DefinitionError(f"Type of a condition must be one of {', '.join(MEMBERS)}, not {type_name!r}.")
    for member in MEMBERS[type_name]:
        if condition.get(member) is None:
            raise DefinitionError(f"A condition of type {type_name} needs {member}.")
    if type_name == "Not":
        check_condition(condition["Condition"])
    elif type_name in ("Or", "In"):
        _check_list(condition, MEMBERS[type_name][-1])


def all_hold(conditions: Sequence[Any], scope: Scope) -> bool:
    """Return whether all conditions are true. ExpressionError for values that cannot be compared."""
    return all(holds(condition, scope) for condition in conditions)


def holds(condition: dict[str, Any], scope: Scope) -> bool:
    match condition["Type"]:
        case "Not":
            return not holds(condition["Condition"], scope)
        case "Or":
            return any(holds(one, scope) for one in condition["Conditions"])
        case "In":
            value = evaluate(condition["QueryValue"], scope)
            return any(_is_same(value, evaluate(one, scope)) for one in condition["Values"])
    left, right = (evaluate(condition[member], scope) for member in MEMBERS["Equals"])
    return _compared(condition["Type"], left, right)


def _compared(type_name: str, left: Any, right: Any) -> bool:
    """Compare a number with a number, or two values of another kind."""
    is_ordered = type_name != "Equals"
    if _kind(left) != _kind(right) or (is_ordered and _kind(left) is bool):
        raise ExpressionError(
            f"Condition of type {type_name}: LeftValue {left!r} of type {type(left).__name__} cannot be compared with "
            f"RightValue {right!r} of type {type(right).__name__}."
        )
    return COMPARISONS[type_name](left, right)


def _is_same(one: Any, other: Any) -> bool:
    return _kind(one) == _kind(other) and bool(one == other)


def _kind(value: Any) -> type:
    return float if isinstance(value, int | float) and not isinstance(value, bool) else type(value)


def _check_list(condition: dict[str, Any], member: str) -> None:
    if not isinstance(condition[member], list):
        raise DefinitionError(f"{member} of a condition of type {condition['Type']} must be a list.")
    if condition["Type"] == "Or":
        for one in condition[member]:
            check_condition(one)
