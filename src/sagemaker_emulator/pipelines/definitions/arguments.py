"""Arguments of a step: the request of an operation, with expressions in places where it has values.

`check` checks them when a pipeline is created, when an expression may stand for any value. `request_of` makes the
request when the step begins, and validates all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sagemaker_emulator.pipelines.definitions.errors import DefinitionError
from sagemaker_emulator.pipelines.definitions.expressions import is_expression, text_of
from sagemaker_emulator.wire import AwsError, Call, validate
from sagemaker_emulator.wire.json_values import decode
from sagemaker_emulator.wire.model import Shape, service_model

SERVICE = "sagemaker"
NUMBERS = {"integer": int, "long": int, "float": float, "double": float}
KINDS = {"structure": dict, "map": dict, "list": list}
JSON_NAMES = {dict: "Object", list: "Array"}


def check(operation: str, arguments: Mapping[str, Any], chosen: frozenset[str]) -> None:
    """Raise DefinitionError for arguments that no execution could send. `chosen` members are added by the pipeline."""
    shape = _input(operation)
    missing = [name for name in shape.required if arguments.get(name) is None and name not in chosen]
    if missing:
        raise DefinitionError(f"Missing required Argument member '{missing[0]}' of {operation}.")
    _check(shape, arguments, "Arguments")


def request_of(operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the evaluated arguments as the operation takes them. AwsError for a request that AWS refuses."""
    shape = _input(operation)
    request: dict[str, Any] = decode(shape, _fitted(shape, arguments))
    validate(Call(SERVICE, operation, request))
    return request


def _input(operation: str) -> Shape:
    shape = service_model(SERVICE).operation(operation).input
    assert shape is not None
    return shape


def _check(shape: Shape, value: Any, path: str) -> None:
    if value is None or is_expression(value):
        return
    kind = KINDS.get(shape.type)
    if kind and not isinstance(value, kind):
        raise DefinitionError(f"Expecting start of Json {JSON_NAMES[kind]} at {path}, not {value!r:.100}.")
    if shape.type == "structure":
        _check_structure(shape, value, path)
    elif shape.type == "list":
        for number, part in enumerate(value):
            _check(shape.item.shape, part, f"{path}[{number}]")
    elif shape.type == "map":
        for name, part in value.items():
            _check(shape.value.shape, part, f"{path}.{name}")
    else:
        _check_scalar(shape, value, path)


def _check_structure(shape: Shape, value: dict[str, Any], path: str) -> None:
    for name, part in value.items():
        if name not in shape.members:
            raise DefinitionError(f"Unknown Argument member '{name}' at {path}.")
        _check(shape.members[name].shape, part, f"{path}.{name}")


def _check_scalar(shape: Shape, value: Any, path: str) -> None:
    if isinstance(value, dict | list):
        raise DefinitionError(f"{path} must be a {shape.type}, not {value!r:.100}.")
    if shape.enum and value not in shape.enum:
        raise DefinitionError(
            f"Model Validation failed: Value '{value}' at {path} failed to satisfy enum value set: "
            f"[{', '.join(shape.enum)}]"
        )


def _fitted(shape: Shape, value: Any) -> Any:
    """Return a value with numbers and texts converted to the shape's types, because a parameter may have the other."""
    if shape.type == "structure" and isinstance(value, dict):
        members = shape.members
        return {name: _fitted(members[name].shape, part) for name, part in value.items() if name in members}
    if shape.type == "map" and isinstance(value, dict):
        return {name: _fitted(shape.value.shape, part) for name, part in value.items() if part is not None}
    if shape.type == "list" and isinstance(value, list):
        return [_fitted(shape.item.shape, part) for part in value]
    if shape.type == "string" and isinstance(value, bool | int | float):
        return text_of(value)
    if shape.type in NUMBERS and isinstance(value, str):
        return _number(shape, value)
    return value


def _number(shape: Shape, text: str) -> int | float:
    try:
        number: int | float = NUMBERS[shape.type](text)
    except ValueError:
        raise AwsError("ValidationException", f"{text!r} is not of type {shape.type}.") from None
    return number
