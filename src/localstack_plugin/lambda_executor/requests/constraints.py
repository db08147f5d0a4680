"""The constraints of a service's model on a request's values, in the words of AWS's services. Pure.

botocore checks types, required members and lower bounds before it sends a request; upper bounds, patterns and enums are
left to the service, and LocalStack has only some of them. Shapes are botocore's.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from botocore.model import MapShape, Shape, StructureShape

CHECKED: Final[dict[str, frozenset[str]]] = {
    "CreateFunction": frozenset(
        {
            "DeadLetterConfig",
            "Description",
            "Environment",
            "EphemeralStorage",
            "Handler",
            "KMSKeyArn",
            "MemorySize",
            "PackageType",
            "Timeout",
            "TracingConfig",
        }
    ),
    "Invoke": frozenset({"InvocationType", "LogType"}),
    "PutFunctionConcurrency": frozenset({"ReservedConcurrentExecutions"}),
}
"""The members that are checked. LocalStack checks names, roles, architectures and others itself, as AWS does."""
ALIKE: Final = {"UpdateFunctionConfiguration": "CreateFunction", "InvokeWithResponseStream": "Invoke"}
LONGEST_TIMEOUT_S: Final = 900
"""The model has no upper bound for it (docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""


def reason_to_refuse(operation: str, shape: StructureShape, request: Mapping[str, Any]) -> str | None:
    """Return AWS's message about the values that break a constraint, or None."""
    members = CHECKED.get(ALIKE.get(operation, operation), frozenset())
    found = [
        violation
        for name in shape.members
        if name in members and request.get(name) is not None
        for violation in violations(shape.members[name], request[name], spelled(name))
    ]
    if "Timeout" in members and (request.get("Timeout") or 0) > LONGEST_TIMEOUT_S:
        limit = f"Member must have value less than or equal to {LONGEST_TIMEOUT_S}"
        found.append(violation(request["Timeout"], "timeout", limit))
    if not found:
        return None
    return f"{len(found)} validation error{'s' if len(found) > 1 else ''} detected: {'; '.join(found)}"


def violations(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if value.get(name) is not None:
                yield from violations(member, value[name], f"{path}.{spelled(name)}")
    elif isinstance(shape, MapShape):
        shown = "{" + ", ".join(f"{name}={text}" for name, text in value.items()) + "}"
        for rule in sorted({rule for name in value for rule in broken(shape.key, name)}):
            yield violation(shown, path, f"Map keys must satisfy constraint: [{rule}]")
    else:
        for rule in broken(shape, value):
            yield violation(value, path, rule)


def violation(value: Any, path: str, rule: str) -> str:
    return f"Value '{value}' at '{path}' failed to satisfy constraint: {rule}"


def broken(shape: Shape, value: Any) -> Iterator[str]:
    """Yield the constraints of a text or a number that the value breaks."""
    size, noun = (len(value), "length") if isinstance(value, str) else (value, "value")
    metadata = shape.metadata
    if "min" in metadata and size < metadata["min"]:
        yield f"Member must have {noun} greater than or equal to {metadata['min']}"
    if "max" in metadata and size > metadata["max"]:
        yield f"Member must have {noun} less than or equal to {metadata['max']}"
    if "pattern" in metadata and not re.fullmatch(metadata["pattern"], value):
        yield f"Member must satisfy regular expression pattern: {metadata['pattern']}"
    if "enum" in metadata and value not in metadata["enum"]:
        yield f"Member must satisfy enum value set: [{', '.join(metadata['enum'])}]"


def spelled(name: str) -> str:
    """Return a member's name as AWS's messages have it: memorySize, kMSKeyArn."""
    return name[0].lower() + name[1:]
