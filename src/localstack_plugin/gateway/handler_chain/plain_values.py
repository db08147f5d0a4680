"""Values in JSON answers that are written as they are."""

from collections.abc import Callable
from typing import Any

from localstack_plugin.replacing import wrap

PLAIN = frozenset({"string", "integer", "long", "boolean", "double", "float"})
"""The types of shapes that LocalStack's serializer of JSON has no conversion for."""

Serialize = Callable[[Any, dict[str, Any], Any, Any, str, str], None]


def plainly(serialize: Serialize) -> Serialize:
    def serialize_value(self: Any, body: dict[str, Any], value: Any, shape: Any, key: str, mime_type: str) -> None:
        if shape.type_name in PLAIN:
            body[key] = value
        else:
            serialize(self, body, value, shape, key, mime_type)

    return serialize_value


def install() -> None:
    wrap(
        "localstack.aws.protocol.serializer:JSONResponseSerializer._serialize",
        wrapper=plainly,
        why="LocalStack looks for a method by the type of each value of an answer, even if there is none: texts, "
        "numbers and booleans are written as they are.",
    )
