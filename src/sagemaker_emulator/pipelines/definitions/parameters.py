"""Parameters of a pipeline: their types, defaults and enums, and the values that one execution has."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.pipelines.definitions.errors import DefinitionError

Value = str | int | float | bool


def integer(text: str) -> int:
    return int(text)


def number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def boolean(text: str) -> bool:
    """Read what SDKs send: the SDK for Python writes True, others write true."""
    return {"true": True, "false": False}[text.lower()]


READERS: dict[str, Callable[[str], Value]] = {"String": str, "Integer": integer, "Float": number, "Boolean": boolean}
TYPES: dict[str, tuple[type, ...]] = {"String": (str,), "Integer": (int,), "Float": (int, float), "Boolean": (bool,)}


def read_value(type_name: str, text: str) -> Value:
    """Return the value of a type that a text stands for. Raises ValueError for any other text."""
    try:
        return READERS[type_name](text)
    except (KeyError, ValueError):
        raise ValueError(f"{text!r} is not of type {type_name}") from None


@dataclass(frozen=True)
class Parameter:
    """One entry of Parameters. `default` is None if each execution must name a value."""

    name: str
    type: str
    default: Value | None = None
    enum: tuple[str, ...] = ()

    @classmethod
    def parse(cls, wire: Any) -> Parameter:
        if not isinstance(wire, dict) or not isinstance(wire.get("Name"), str):
            raise DefinitionError(f"Each entry of Parameters needs a Name, not {wire!r:.200}.")
        name, type_name = wire["Name"], str(wire.get("Type"))
        if type_name not in TYPES:
            raise DefinitionError(f"Parameter '{name}': Type must be one of {', '.join(TYPES)}, not {type_name!r}.")
        enum, default = wire.get("EnumValues") or (), wire.get("DefaultValue")
        if not isinstance(enum, list | tuple) or not all(isinstance(one, str) for one in enum):
            raise DefinitionError(f"Parameter '{name}': EnumValues must be a list of strings.")
        parameter = cls(name, type_name, default, tuple(enum))
        if enum and type_name != "String":
            raise DefinitionError(f"Parameter '{name}': EnumValues is for parameters of type String.")
        if default is not None:
            parameter._refuse_default(default)
        return parameter

    def value_of(self, text: str) -> Value:
        """Return the value of a text in StartPipelineExecution. Raises ValueError for a text that does not fit."""
        if self.type == "String" and not text:
            raise ValueError(f"Parameter '{self.name}': [string \"\" is too short (length: 0, required minimum: 1)]")
        try:
            value = read_value(self.type, text)
        except ValueError as error:
            raise ValueError(f"Parameter '{self.name}': the value {error}.") from None
        if self.enum and value not in self.enum:
            raise ValueError(f"Parameter '{self.name}': the value {text!r} is not one of EnumValues {list(self.enum)}.")
        return value

    def _refuse_default(self, default: Any) -> None:
        is_right = isinstance(default, TYPES[self.type]) and (self.type == "Boolean" or not isinstance(default, bool))
        if not is_right:
            raise DefinitionError(
                f"Parameter '{self.name}': DefaultValue must be of the parameter's type {self.type}, not {default!r}."
            )
        if self.enum and default not in self.enum:
            raise DefinitionError(
                f"Parameter '{self.name}': DefaultValue {default!r} is not one of EnumValues {list(self.enum)}."
            )


def parameter_values(parameters: Sequence[Parameter], named: Mapping[str, str]) -> dict[str, Value]:
    """Return the value of each parameter. ValueError for an unknown one, one without a value, and a wrong value."""
    if unknown := sorted(set(named) - {parameter.name for parameter in parameters}):
        raise ValueError(f"Unknown parameters {unknown}: the pipeline has {[one.name for one in parameters]}.")
    values: dict[str, Value] = {}
    for parameter in parameters:
        if parameter.name in named:
            values[parameter.name] = parameter.value_of(named[parameter.name])
        elif parameter.default is None:
            raise ValueError(f"Parameter '{parameter.name}' has no DefaultValue; name a value in PipelineParameters.")
        else:
            values[parameter.name] = parameter.default
    return values
