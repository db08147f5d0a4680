"""Properties of a template as SageMaker's API takes them.

CloudFormation converts a value to the type that the resource's property has: `"1"` is a number where one is due, and
`"true"` a boolean. The types are those of botocore's model of the operation.
"""

from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.model import ListShape, MapShape, Shape, StructureShape

SCALARS = {"integer": int, "long": int, "float": float, "double": float, "string": str}


def arguments(client: BaseClient, operation: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Return the properties that are the operation's, converted. Raises ValueError for a value of another type."""
    shape = client.meta.service_model.operation_model(operation).input_shape
    converted: dict[str, Any] = as_type(shape, {key: properties[key] for key in shape.members if key in properties})
    return converted


def as_type(shape: Shape, value: Any) -> Any:
    """Return the value with all numbers and booleans in it as `shape` has them. botocore refuses the rest."""
    match shape, value:
        case StructureShape(), Mapping():
            return {
                key: as_type(shape.members[key], item) if key in shape.members else item for key, item in value.items()
            }
        case ListShape(), list():
            return [as_type(shape.member, item) for item in value]
        case MapShape(), Mapping():
            return {key: as_type(shape.value, item) for key, item in value.items()}
        case _, str() | int() | float() if shape.type_name == "boolean":
            return as_boolean(value)
        case _, bool() if shape.type_name == "string":
            return str(value).lower()
        case _, str() | int() | float() if shape.type_name in SCALARS:
            return SCALARS[shape.type_name](value)
    return value


def as_boolean(value: object) -> bool:
    text = str(value).lower()
    if text not in {"true", "false"}:
        raise ValueError(f"{value!r} is not a boolean: true or false")
    return text == "true"
