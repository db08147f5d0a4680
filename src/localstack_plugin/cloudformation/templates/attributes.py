"""What Fn::GetAtt returns of a resource type, by the type's schema."""

from collections.abc import Mapping
from typing import Any, Final

ATTRIBUTES: Final = "attributes"
"""The plugin's own key in a schema: the names of all attributes."""
BEYOND_SCHEMA: Final = {"AWS::Lambda::EventSourceMapping": {"EventSourceMappingArn"}}
"""The attributes that LocalStack gives to resources of a type, but does not list in the type's schema."""


def attributes_in(schema: Mapping[str, Any]) -> set[str] | None:
    """Return the attributes that a schema lists, else all its properties; None if it has none of either."""
    if ATTRIBUTES in schema:
        return set(schema[ATTRIBUTES])
    return set(schema.get("properties") or ()) | BEYOND_SCHEMA.get(schema.get("typeName", ""), set()) or None
