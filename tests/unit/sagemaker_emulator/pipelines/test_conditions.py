"""Conditions of a Condition step: every operator."""

from __future__ import annotations

from typing import Any, cast

import pytest

from sagemaker_emulator.pipelines.definitions.conditions import all_hold, check_condition
from sagemaker_emulator.pipelines.definitions.errors import DefinitionError, ExpressionError
from sagemaker_emulator.pipelines.definitions.expressions import Scope


class Parameters:
    """A scope that has parameters only."""

    def parameter(self, name: str) -> Any:
        return {"Three": 3, "Text": "bay", "Yes": True}[name]


SCOPE = cast(Scope, Parameters())
THREE, TEXT = {"Get": "Parameters.Three"}, {"Get": "Parameters.Text"}


def compared(type_name: str, left: Any, right: Any) -> dict[str, Any]:
    return {"Type": type_name, "LeftValue": left, "RightValue": right}


def among(value: Any, *values: Any) -> dict[str, Any]:
    return {"Type": "In", "QueryValue": value, "Values": list(values)}


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (compared("Equals", THREE, 3), True),
        (compared("Equals", THREE, 3.0), True),
        (compared("Equals", TEXT, "other"), False),
        (compared("Equals", {"Get": "Parameters.Yes"}, True), True),
        (compared("GreaterThan", THREE, 2), True),
        (compared("GreaterThan", THREE, 3), False),
        (compared("GreaterThanOrEqualTo", THREE, 3), True),
        (compared("GreaterThanOrEqualTo", THREE, 3.5), False),
        (compared("LessThan", THREE, 3), False),
        (compared("LessThan", 2.5, THREE), True),
        (compared("LessThanOrEqualTo", THREE, 3), True),
        (compared("LessThanOrEqualTo", "b", "a"), False),
        (among(TEXT, "bay", "dock"), True),
        (among(TEXT, "dock"), False),
        (among(THREE, "3"), False),
        (among(TEXT, TEXT), True),
        ({"Type": "Not", "Condition": compared("Equals", THREE, 4)}, True),
        ({"Type": "Not", "Condition": compared("Equals", THREE, 3)}, False),
        ({"Type": "Or", "Conditions": [compared("Equals", THREE, 4), among(TEXT, "bay")]}, True),
        ({"Type": "Or", "Conditions": [compared("Equals", THREE, 4)]}, False),
        ({"Type": "Or", "Conditions": []}, False),
    ],
)
def test_a_condition_holds_or_not(condition: dict[str, Any], holds: bool) -> None:
    check_condition(condition)
    assert all_hold([condition], SCOPE) is holds


def test_all_conditions_must_hold() -> None:
    true, false = compared("Equals", 1, 1), compared("Equals", 1, 2)
    assert all_hold([], SCOPE)
    assert all_hold([true, true], SCOPE)
    assert not all_hold([true, false], SCOPE)


@pytest.mark.parametrize(
    "condition",
    [
        compared("Equals", 3, "3"),
        compared("GreaterThan", "b", 1),
        compared("LessThan", True, False),
        compared("Equals", True, 1),
    ],
)
def test_values_that_cannot_be_compared_are_refused(condition: dict[str, Any]) -> None:
    with pytest.raises(ExpressionError, match="cannot be compared"):
        all_hold([condition], SCOPE)


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ({"Type": "Xor"}, "Type of a condition must be one of"),
        ("Equals", "Type of a condition must be one of"),
        ({"Type": "Equals", "LeftValue": 1}, "A condition of type Equals needs RightValue"),
        ({"Type": "In", "QueryValue": 1, "Values": 1}, "Values of a condition of type In must be a list"),
        ({"Type": "Or", "Conditions": [{"Type": "Not"}]}, "A condition of type Not needs Condition"),
        ({"Type": "Not", "Condition": {"Type": "In"}}, "A condition of type In needs QueryValue"),
    ],
)
def test_a_condition_outside_the_schema_is_refused(condition: Any, words: str) -> None:
    with pytest.raises(DefinitionError, match=words):
        check_condition(condition)
