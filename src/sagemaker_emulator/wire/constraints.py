"""The constraints of the model (required, length, range, pattern, enum), in the words of AWS's validator."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sagemaker_emulator.wire.messages import AwsError, Call
from sagemaker_emulator.wire.model import Shape, Value, service_model
from sagemaker_emulator.wire.patterns import matches

CODE = {"sagemaker": "ValidationException", "sagemaker-runtime": "ValidationError"}
MEASURED = frozenset({"string", "blob", "list", "map"})
ALWAYS_MATCHED = 256
SCALARS = frozenset({"string", "integer", "long", "float", "double", "boolean", "timestamp", "blob"})


def validate(call: Call) -> None:
    """Raises the service's validation error with every violation that there is."""
    shape = service_model(call.service).operation(call.operation).input
    violations = list(_violations(shape, call.input, "")) if shape else []
    if not violations:
        return
    plural = "s" if len(violations) > 1 else ""
    message = f"{len(violations)} validation error{plural} detected: {'; '.join(violations)}"
    raise AwsError(CODE[call.service], message)


def _violations(shape: Shape, value: Value, path: str) -> Iterator[str]:
    for constraint in _broken(shape, value):
        yield _violation(shape, value, path, constraint)
    inside = _INSIDE.get(shape.type)
    if inside:
        yield from inside(shape, value, path)


def _violation(shape: Shape, value: Value, path: str, constraint: str) -> str:
    shown = "Value" if shape.is_sensitive else f"Value '{_shown(shape, value)}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _broken(shape: Shape, value: Value) -> Iterator[str]:
    """The shape's own constraints that the value breaks, in AWS's order."""
    if shape.type in MEASURED:
        yield from _limits(shape, len(value), "length")
    elif shape.type not in ("structure", "boolean", "timestamp", "document"):
        yield from _limits(shape, value, "value")
    if shape.pattern and _is_matchable(shape, value) and not matches(shape.pattern, value):
        yield f"Member must satisfy regular expression pattern: {shape.pattern}"
    if shape.enum and value not in shape.enum:
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _is_matchable(shape: Shape, value: str) -> bool:
    """A value far too long is refused for that alone: some patterns, made for short ones, take cubic time."""
    return shape.maximum is None or len(value) <= max(shape.maximum, ALWAYS_MATCHED)


def _limits(shape: Shape, measure: float, what: str) -> Iterator[str]:
    if shape.maximum is not None and not measure <= shape.maximum:
        yield f"Member must have {what} less than or equal to {shape.maximum}"
    if shape.minimum is not None and not measure >= shape.minimum:
        yield f"Member must have {what} greater than or equal to {shape.minimum}"


def _all_constraints(shape: Shape) -> str:
    """Of an element of a list or map AWS says not which constraint it broke, but all that it has."""
    what = "length" if shape.type in MEASURED else "value"
    said = []
    if shape.maximum is not None:
        said.append(f"Member must have {what} less than or equal to {shape.maximum}")
    if shape.minimum is not None:
        said.append(f"Member must have {what} greater than or equal to {shape.minimum}")
    if shape.pattern:
        said.append(f"Member must satisfy regular expression pattern: {shape.pattern}")
    if shape.enum:
        said.append(f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    return f"[{', '.join(said)}]"


def _in_structure(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    prefix = f"{path}." if path else ""
    for name in shape.required:
        if value.get(name) is None:
            yield f"Value null at '{prefix}{_camel(name)}' failed to satisfy constraint: Member must not be null"
    for name, part in value.items():
        if part is not None:
            yield from _violations(shape.members[name].shape, part, prefix + _camel(name))


def _in_list(shape: Shape, value: Sequence[Any], path: str) -> Iterator[str]:
    item = shape.item.shape
    if item.type in SCALARS:
        yield from _in_scalars(shape, value, path, item, value, "Member must satisfy constraint")
        return
    for number, part in enumerate(value, start=1):
        yield from _element(item, part, f"{path}.{number}.member")


def _in_map(shape: Shape, value: Mapping[str, Any], path: str) -> Iterator[str]:
    yield from _in_scalars(shape, value, path, shape.key.shape, list(value), "Map keys must satisfy constraint")
    item = shape.value.shape
    if item.type in SCALARS:
        yield from _in_scalars(shape, value, path, item, list(value.values()), "Map value must satisfy constraint")
        return
    for name, part in value.items():
        yield from _element(item, part, f"{path}.{name}.member")


def _in_scalars(
    shape: Shape, value: Value, path: str, item: Shape, parts: Sequence[Any], wording: str
) -> Iterator[str]:
    if any(part is None for part in parts):
        yield _violation(shape, value, path, f"{wording}: [Member must not be null]")
    if any(part is not None and next(_broken(item, part), None) for part in parts):
        yield _violation(shape, value, path, f"{wording}: {_all_constraints(item)}")


def _element(item: Shape, part: Value, path: str) -> Iterator[str]:
    if part is None:
        yield f"Value null at '{path}' failed to satisfy constraint: Member must not be null"
    else:
        yield from _violations(item, part, path)


def _camel(name: str) -> str:
    return name[:1].lower() + name[1:]


def _shown(shape: Shape, value: Value) -> str:
    """As Java would print it."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case bytes():
            return f"java.nio.HeapByteBuffer[pos=0 lim={len(value)} cap={len(value)}]"
        case list():
            return f"[{', '.join(_shown(shape.item.shape, part) for part in value)}]"
        case dict() if shape.type == "map":
            return f"{{{', '.join(f'{name}={_shown(shape.value.shape, part)}' for name, part in value.items())}}}"
        case dict() if shape.type == "structure":
            parts = (f"{_camel(name)}={_shown(shape.members[name].shape, part)}" for name, part in value.items())
            return f"{shape.name}({', '.join(parts)})"
    return str(value)


_INSIDE: dict[str, Callable[[Shape, Any, str], Iterator[str]]] = {
    "structure": _in_structure,
    "list": _in_list,
    "map": _in_map,
}
