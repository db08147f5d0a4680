"""Values of the model to and from text, in a path, a query string or a header."""

import base64
import binascii
import json
import re
from collections.abc import Sequence
from typing import Any

from sagemaker_emulator.wire.json_values import NOT_FINITE, decode, load, serialization_error
from sagemaker_emulator.wire.model import Member, Shape, Value
from sagemaker_emulator.wire.timestamps import format_timestamp, parse_timestamp

UNSENDABLE = re.compile(r"[\r\n\0]+")
LIST_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,]*))\s*(?:,|$)')
NUMBER = re.compile(r"[+-]?[0-9.]+([eE][+-]?[0-9]+)?")
NEEDS_QUOTES = re.compile(r'[,"\s]')
DEFAULT_FORMAT = {"header": "rfc822", "headers": "rfc822"}


def decode_text(member: Member, text: str) -> Value:
    """Return the value in a text. SerializationException for text that does not fit the member's type."""
    if member.is_json:
        return load(_base64(text))
    shape = member.shape
    if shape.type == "list":
        return [_scalar(shape.item, part, member) for part in _split(shape.item, text)]
    return _scalar(member, text, member)


def decode_query(member: Member, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return a map in the query string: all parameters, including those that other members name."""
    shape = member.shape
    if shape.type == "map":
        return {member.name: _query_map(shape, pairs)} if pairs else {}
    texts = [text for name, text in pairs if name == member.wire_name]
    if shape.type == "list":
        return {member.name: [_scalar(shape.item, text, member) for text in texts]} if texts else {}
    return {member.name: _scalar(member, texts[-1], member)} if texts else {}


def encode_text(member: Member, value: Value) -> str:
    return UNSENDABLE.sub(" ", _as_text(member, value, member))


def _query_map(shape: Shape, pairs: Sequence[tuple[str, str]]) -> dict[str, Value]:
    if shape.value.shape.type != "list":
        return {name: _scalar(shape.value, text, shape.value) for name, text in pairs}
    values: dict[str, list[Value]] = {}
    for name, text in pairs:
        values.setdefault(name, []).append(_scalar(shape.value.shape.item, text, shape.value))
    return values


def _scalar(member: Member, text: str, place: Member) -> Value:
    shape = member.shape
    try:
        match shape.type:
            case "integer" | "long":
                return decode(shape, int(_number(text)))
            case "float" | "double":
                return NOT_FINITE[text] if text in NOT_FINITE else float(_number(text))
            case "boolean":
                return {"true": True, "false": False}[text.lower()]
            case "timestamp":
                return parse_timestamp(text, _timestamp_format(member, place))
    except (ValueError, KeyError) as error:
        raise serialization_error(f"{text!r} is not a {shape.type} for {place.name}") from error
    return decode(shape, text)


def _number(text: str) -> str:
    """Return the text. ValueError for what Python reads as a number and Java does not: 1_000, other scripts' digits."""
    if not NUMBER.fullmatch(text):
        raise ValueError
    return text


def _as_text(member: Member, value: Value, place: Member) -> str:
    if member.is_json:
        return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()
    match member.shape.type:
        case "boolean":
            return "true" if value else "false"
        case "timestamp":
            return str(format_timestamp(value, _timestamp_format(member, place)))
        case "blob":
            return base64.b64encode(value).decode()
        case "list":
            return ", ".join(_list_item(member.shape.item, part, place) for part in value)
    return str(value)


def _timestamp_format(member: Member, place: Member) -> str:
    named = member.timestamp_format or member.shape.timestamp_format
    return named or DEFAULT_FORMAT.get(place.location or "", "iso8601")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise serialization_error(f"'{text}' can not be converted to a Blob: {error}") from error


def _list_item(item: Member, value: Value, place: Member) -> str:
    text = _as_text(item, value, place)
    if item.shape.type == "timestamp" or not NEEDS_QUOTES.search(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _split(item: Member, text: str) -> list[str]:
    """Split at commas. Items with commas are quoted, except RFC 822 dates, which contain an unquoted one."""
    if item.shape.type == "timestamp":
        return [part.strip() for part in re.split(r"(?<=GMT)\s*,", text) if part.strip()]
    items = [match for match in LIST_ITEM.finditer(text) if match.group(0)]
    return [re.sub(r"\\(.)", r"\1", m.group(1)) if m.group(1) is not None else m.group(2).strip() for m in items]
