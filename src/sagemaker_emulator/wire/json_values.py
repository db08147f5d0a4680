"""Values of the model to and from JSON, refused in the words of AWS's own deserializer."""

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sagemaker_emulator.wire.messages import AwsError
from sagemaker_emulator.wire.model import Member, Shape, Value
from sagemaker_emulator.wire.timestamps import epoch_seconds, format_timestamp, parse_timestamp

INTEGER_BITS = {"integer": 32, "long": 64}
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def serialization_error(message: str) -> AwsError:
    return AwsError("SerializationException", message)


def load(body: bytes) -> Value:
    """Parse a body. An empty body, which botocore sends at times, is an empty object."""
    if not body:
        return {}
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise serialization_error(f"The request body is not valid JSON: {error}") from error


def dump(value: Value) -> bytes:
    return _ENCODER.encode(value).encode(errors="replace")


def decode_body(shape: Shape | None, document: Value) -> Value:
    """Return the document as a value of the shape. Nesting that is too deep is refused here, with a clear error."""
    if shape is None:
        return {}
    try:
        return decode(shape, document)
    except RecursionError as error:
        raise serialization_error("The request body is nested too deeply") from error


def decode(shape: Shape, value: Value) -> Value:
    return _DECODERS[shape.type](shape, value)


def decode_member(member: Member, value: Value) -> Value:
    if member.timestamp_format and member.shape.type == "timestamp":
        return _timestamp_in(value, member.timestamp_format)
    return decode(member.shape, value)


def encode(shape: Shape, value: Value) -> Value:
    return _ENCODERS[shape.type](shape, value)


def encode_member(member: Member, value: Value) -> Value:
    if member.timestamp_format and member.shape.type == "timestamp":
        return format_timestamp(value, member.timestamp_format)
    return encode(member.shape, value)


def _refuse_constant(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _misplaced(value: Value, otherwise: str) -> AwsError:
    match value:
        case list():
            return serialization_error("Start of list found where not expected")
        case dict():
            return serialization_error("Start of structure or map found where not expected.")
    return serialization_error(otherwise)


def _not_a(kind: str, value: Value) -> AwsError:
    found = str(value).upper() if isinstance(value, bool) else "STRING" if isinstance(value, str) else "NUMBER"
    return _misplaced(value, f"{found}_VALUE can not be converted to {kind}")


def _decode_structure(shape: Shape, value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise _misplaced(value, "Expected null")
    members = shape.body_members
    decoded = {
        members[name].name: decode_member(members[name], part)
        for name, part in value.items()
        if part is not None and name in members
    }
    if shape.is_union and len(decoded) > 1:
        raise serialization_error(f"{shape.name} takes one of {', '.join(members)}, not {' and '.join(decoded)}")
    return decoded


def _decode_list(shape: Shape, value: Value) -> list[Value]:
    if not isinstance(value, list):
        raise _misplaced(value, "Expected list or null")
    item = shape.item
    return [None if part is None else decode_member(item, part) for part in value]


def _decode_map(shape: Shape, value: Value) -> dict[str, Value]:
    if not isinstance(value, dict):
        raise _misplaced(value, "Expected map or null")
    item = shape.value
    return {_whole(name): None if part is None else decode_member(item, part) for name, part in value.items()}


def _decode_string(shape: Shape, value: Value) -> str:
    if not isinstance(value, str):
        raise _not_a("String", value)
    return value if value.isascii() else _whole(value)


def _whole(text: str) -> str:
    """Replace half a surrogate pair, legal in JSON but in no encoding, with a question mark, as Java does."""
    return text.encode(errors="replace").decode()


def _decode_integer(shape: Shape, value: Value) -> int:
    limit = 1 << (INTEGER_BITS[shape.type] - 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -limit <= value < limit:
        raise _not_a(shape.type.title(), value)
    return int(value)  # AWS truncates: its number class is called TruncatingBigNumber


def _decode_float(shape: Shape, value: Value) -> float:
    if isinstance(value, str) and value in NOT_FINITE:
        return NOT_FINITE[value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _not_a(shape.type.title(), value)
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _decode_boolean(shape: Shape, value: Value) -> bool:
    if not isinstance(value, bool):
        raise _not_a("Boolean", value)
    return value


def _decode_blob(shape: Shape, value: Value) -> bytes:
    if not isinstance(value, str):
        raise _not_a("Blob", value)
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise serialization_error(f"'{value}' can not be converted to a Blob: {error}") from error


def _decode_timestamp(shape: Shape, value: Value) -> float:
    return _timestamp_in(value, shape.timestamp_format or "unixTimestamp")


def _timestamp_in(value: Value, form: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    try:
        if is_number:
            return epoch_seconds(value)
        if isinstance(value, str) and form != "unixTimestamp":
            return parse_timestamp(value, form)
    except ValueError:
        pass
    raise _not_a("milliseconds since epoch", value)


def _encode_structure(shape: Shape, value: Mapping[str, Any]) -> dict[str, Value]:
    """Encode the members that the model has, and omit everything else in the value."""
    members = shape.members
    return {
        members[name].wire_name: encode_member(members[name], part)
        for name, part in value.items()
        if part is not None and name in members and members[name].location is None
    }


def _encode_list(shape: Shape, value: Sequence[Any]) -> list[Value]:
    item = shape.item
    return [None if part is None else encode_member(item, part) for part in value]


def _encode_map(shape: Shape, value: Mapping[str, Any]) -> dict[str, Value]:
    item = shape.value
    return {str(name): None if part is None else encode_member(item, part) for name, part in value.items()}


def _encode_number(shape: Shape, value: Value) -> Value:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def _encode_blob(shape: Shape, value: bytes | str) -> str:
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode()


def _encode_timestamp(shape: Shape, value: float | datetime) -> Value:
    return format_timestamp(value, shape.timestamp_format or "unixTimestamp")


def _as_is(shape: Shape, value: Value) -> Value:
    return value


_DECODERS: dict[str, Callable[[Shape, Any], Any]] = {
    "structure": _decode_structure,
    "list": _decode_list,
    "map": _decode_map,
    "string": _decode_string,
    "character": _decode_string,
    "integer": _decode_integer,
    "long": _decode_integer,
    "float": _decode_float,
    "double": _decode_float,
    "boolean": _decode_boolean,
    "blob": _decode_blob,
    "timestamp": _decode_timestamp,
    "document": _as_is,
}
_ENCODERS: dict[str, Callable[[Shape, Any], Any]] = {
    "structure": _encode_structure,
    "list": _encode_list,
    "map": _encode_map,
    "string": _as_is,
    "character": _as_is,
    "integer": _as_is,
    "long": _as_is,
    "float": _encode_number,
    "double": _encode_number,
    "boolean": _as_is,
    "blob": _encode_blob,
    "timestamp": _encode_timestamp,
    "document": _as_is,
}
