"""One filter of a search: a property, an operator and a value. Source: the API reference's Filter."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.search.properties import Property, plain_value, property_of
from sagemaker_emulator.wire.model import Shape

ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "GreaterThan": operator.gt,
    "GreaterThanOrEqualTo": operator.ge,
    "LessThan": operator.lt,
    "LessThanOrEqualTo": operator.le,
}
OF_TEXT = ("In", "Contains")
BOOLEANS = {"true": True, "false": False}


@dataclass(frozen=True)
class Condition:
    """`value` is the text of the request. A list satisfies a condition if one of its elements does."""

    property: Property
    operator: str
    value: str

    @classmethod
    def parse(cls, wire: dict[str, Any], shape: Shape) -> Condition:
        """Parse a filter. ValidationException for one that its property cannot have."""
        condition = cls(property_of(shape, wire["Name"]), wire.get("Operator", "Equals"), wire.get("Value", ""))
        if "Value" not in wire and condition.operator not in ("Exists", "NotExists"):
            raise validation(f"The filter on {wire['Name']} needs a Value.")
        condition._refuse()
        return condition

    def matches(self, record: Any) -> bool:
        values = [plain_value(value) for value in self.property.values_in(record)]
        match self.operator:
            case "Exists":
                return bool(values)
            case "NotExists":
                return not values
            case "NotEquals":
                return not any(self._equals(value) for value in values)
            case "Equals":
                return any(self._equals(value) for value in values)
            case "In":
                return any(str(value) in self._listed() for value in values)
            case "Contains":
                return any(self.value in str(value) for value in values)
        return any(self._is_ordered(value) for value in values)

    def _refuse(self) -> None:
        kind = self.property.type
        if self.operator in ORDERS and kind in ("text", "boolean"):
            raise validation(f"The operator {self.operator} is not supported for the property {self.property.name}.")
        if self.operator in OF_TEXT and kind not in ("text", "any"):
            raise validation(f"The operator {self.operator} is only supported for text: {self.property.name}.")
        if self.operator in ORDERS or self.operator in ("Equals", "NotEquals"):
            self._operand()

    def _listed(self) -> list[str]:
        return [text.strip() for text in self.value.split(",")]

    def _operand(self) -> Any:
        """Return the value as the property's type has it."""
        match self.property.type:
            case "number":
                return self._number()
            case "boolean":
                if self.value.lower() not in BOOLEANS:
                    raise validation(f"The value of {self.property.name} must be true or false, not {self.value!r}.")
                return BOOLEANS[self.value.lower()]
            case "timestamp":
                return self._moment()
        return self.value

    def _number(self) -> float:
        number = number_of(self.value)
        if number is None:
            raise validation(f"The value of {self.property.name} must be a number, not {self.value!r}.")
        return number

    def _moment(self) -> float:
        try:
            moment = datetime.fromisoformat(self.value)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            raise validation(
                f"The value of {self.property.name} must be a time such as 2026-01-31T12:00:00, not {self.value!r}."
            ) from None

    def _equals(self, value: Any) -> bool:
        left, right = self._comparable(value)
        return bool(left == right)

    def _is_ordered(self, value: Any) -> bool:
        left, right = self._comparable(value)
        return isinstance(left, int | float) and isinstance(right, int | float) and ORDERS[self.operator](left, right)

    def _comparable(self, value: Any) -> tuple[Any, Any]:
        """Return both sides. A hyperparameter is a number if the request's value is one; with an integer it is compared
        as an integer.
        """
        if self.property.type != "any":
            return (str(value) if self.property.type == "text" else value), self._operand()
        left, right = number_of(value), number_of(self.value)
        if left is None or right is None:
            return str(value), self.value
        is_integer = self.value.lstrip("+-").isdigit() and isinstance(value, str)
        return (float(int(left)) if is_integer else left), right


def number_of(value: Any) -> float | None:
    """Return the value as a finite number, or None if it is not one."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None
