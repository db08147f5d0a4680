"""The constraints of the model (required, length, range, pattern, enum), in the words of AWS's validator."""

from collections.abc import Callable, Collection, Mapping, Sequence

from sagemaker_emulator.wire.messages import AwsError, Call
from sagemaker_emulator.wire.model import Shape, Value, service_model
from sagemaker_emulator.wire.patterns import matches

CODE = {
    "sagemaker": "ValidationException",
    "sagemaker-runtime": "ValidationError",
    "sagemaker-metrics": "ValidationException",
    "application-autoscaling": "ValidationException",
}
MEASURED = frozenset({"string", "blob", "list", "map"})
ALWAYS_MATCHED = 256
NO_NUL = r"Member must satisfy regular expression pattern: [^\x00]*"
SCALARS = frozenset({"string", "integer", "long", "float", "double", "boolean", "timestamp", "blob"})


def validate(call: Call) -> None:
    """Raise the service's validation error, with all violations, if there are any."""
    shape = service_model(call.service).operation(call.operation).input
    broken = violations(shape, call.input) if shape else []
    if broken:
        plural = "s" if len(broken) > 1 else ""
        message = f"{len(broken)} validation error{plural} detected: {'; '.join(broken)}"
        raise AwsError(CODE[call.service], message)


def violations(shape: Shape, values: Mapping[str, Value]) -> list[str]:
    """Return a sentence for each constraint that the values break, in AWS's words and order."""
    sentences: list[str] = []
    _check(shape, values, "", sentences)
    return sentences


def _check(shape: Shape, value: Value, path: str, sentences: list[str]) -> None:
    if _has_nul(value):
        sentences.append(_violation(shape, value, path, NO_NUL))
        return
    sentences.extend(_violation(shape, value, path, constraint) for constraint in _broken(shape, value))
    inside = _INSIDE.get(shape.type)
    if inside:
        inside(shape, value, path, sentences)


def _violation(shape: Shape, value: Value, path: str, constraint: str) -> str:
    shown = "Value" if shape.is_sensitive else f"Value '{_shown(shape, value)}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {constraint}"


def _has_nul(value: Value) -> bool:
    """Whether a text has a NUL, which no file name, argument or variable can have."""
    return isinstance(value, str) and "\0" in value


def _null(path: str) -> str:
    return f"Value null at '{path}' failed to satisfy constraint: Member must not be null"


def _broken(shape: Shape, value: Value) -> Sequence[str]:
    """Return the shape's own constraints that the value breaks, in AWS's order."""
    if not shape.is_constrained:
        return ()
    measure = len(value) if shape.type in MEASURED else value
    broken = []
    if shape.maximum is not None and not measure <= shape.maximum:
        broken.append(_maximum_rule(shape))
    if shape.minimum is not None and not measure >= shape.minimum:
        broken.append(_minimum_rule(shape))
    if shape.pattern and _is_matchable(shape, value) and not matches(shape.pattern, value):
        broken.append(_pattern_rule(shape))
    if shape.enum and value not in shape.enum:
        broken.append(_enum_rule(shape))
    return broken


def _is_matchable(shape: Shape, value: str) -> bool:
    """Whether to match the pattern: a value far too long is refused anyway, and some patterns take cubic time."""
    return shape.maximum is None or len(value) <= max(shape.maximum, ALWAYS_MATCHED)


def _all_constraints(shape: Shape) -> str:
    """Return all constraints of an element of a list or map: AWS lists them all, not only the broken one."""
    rules = [
        _maximum_rule(shape) if shape.maximum is not None else "",
        _minimum_rule(shape) if shape.minimum is not None else "",
        _pattern_rule(shape) if shape.pattern else "",
        _enum_rule(shape) if shape.enum else "",
    ]
    return f"[{', '.join(filter(None, rules))}]"


def _maximum_rule(shape: Shape) -> str:
    return f"Member must have {_measured(shape)} less than or equal to {shape.maximum}"


def _minimum_rule(shape: Shape) -> str:
    return f"Member must have {_measured(shape)} greater than or equal to {shape.minimum}"


def _measured(shape: Shape) -> str:
    return "length" if shape.type in MEASURED else "value"


def _pattern_rule(shape: Shape) -> str:
    return f"Member must satisfy regular expression pattern: {shape.pattern}"


def _enum_rule(shape: Shape) -> str:
    return f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _in_structure(shape: Shape, value: Mapping[str, Value], path: str, sentences: list[str]) -> None:
    prefix = f"{path}." if path else ""
    missing = (name for name in shape.required if value.get(name) is None)
    sentences.extend(_null(prefix + shape.members[name].path_name) for name in missing)
    for name, part in value.items():
        if part is not None:
            member = shape.members[name]
            _check(member.shape, part, prefix + member.path_name, sentences)


def _in_list(shape: Shape, value: Sequence[Value], path: str, sentences: list[str]) -> None:
    item = shape.item.shape
    if item.type in SCALARS:
        _check_scalars(shape, value, path, sentences, (item, value, "Member must satisfy constraint"))
        return
    for number, part in enumerate(value, start=1):
        _check_element(item, part, f"{path}.{number}.member", sentences)


def _in_map(shape: Shape, value: Mapping[str, Value], path: str, sentences: list[str]) -> None:
    _check_scalars(shape, value, path, sentences, (shape.key.shape, value.keys(), "Map keys must satisfy constraint"))
    item = shape.value.shape
    if item.type in SCALARS:
        _check_scalars(shape, value, path, sentences, (item, value.values(), "Map value must satisfy constraint"))
        return
    for name, part in value.items():
        _check_element(item, part, f"{path}.{name}.member", sentences)


def _check_scalars(
    shape: Shape, value: Value, path: str, sentences: list[str], elements: tuple[Shape, Collection[Value], str]
) -> None:
    """Report broken scalars in a list or map as AWS does: once, as a violation of the whole collection."""
    item, parts, wording = elements
    if None in parts:
        sentences.append(_violation(shape, value, path, f"{wording}: [Member must not be null]"))
    if any(_has_nul(part) for part in parts):
        sentences.append(_violation(shape, value, path, f"{wording}: [{NO_NUL}]"))
    elif any(part is not None and _broken(item, part) for part in parts):
        sentences.append(_violation(shape, value, path, f"{wording}: {_all_constraints(item)}"))


def _check_element(item: Shape, part: Value, path: str, sentences: list[str]) -> None:
    if part is None:
        sentences.append(_null(path))
    else:
        _check(item, part, path, sentences)


def _shown(shape: Shape, value: Value) -> str:
    """Return the value as Java prints it."""
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
            parts = (
                f"{shape.members[name].path_name}={_shown(shape.members[name].shape, part)}"
                for name, part in value.items()
            )
            return f"{shape.name}({', '.join(parts)})"
    return str(value)


_INSIDE: dict[str, Callable[[Shape, Value, str, list[str]], None]] = {
    "structure": _in_structure,
    "list": _in_list,
    "map": _in_map,
}
