"""rest-json: the operation is in the path, its members in path, query string, headers and body."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

from sagemaker_emulator.wire.errors import error_document, error_status
from sagemaker_emulator.wire.json_values import decode_body, dump, encode, load
from sagemaker_emulator.wire.messages import AwsError, HttpRequest, HttpResponse
from sagemaker_emulator.wire.model import Member, Operation, ServiceModel, Shape, Value
from sagemaker_emulator.wire.text_values import decode_query, decode_text, encode_text

LABEL = re.compile(r"\{(\w+)(\+?)\}")
EVENT_STREAM = "application/vnd.amazon.eventstream"


def parse(model: ServiceModel, request: HttpRequest) -> tuple[str, dict[str, Any]]:
    operation, labels = _route(model, request)
    if operation.input is None:
        return operation.name, {}
    located = _located(operation.input, request, labels)
    return operation.name, {**located, **_body(operation.input, request.body)}


def serialize(operation: Operation, output: Mapping[str, Any], request_id: str) -> HttpResponse:
    """Return the response. For an event stream it is only the head, without a length, because the frames follow."""
    headers = {"x-amzn-RequestId": request_id}
    shape = operation.output
    content_type, body = _output_body(shape, output)
    if content_type:
        headers["Content-Type"] = content_type
    status = operation.status
    for member in shape.located_members if shape else ():
        if member.location == "statusCode":
            status = output.get(member.name, status)
        elif output.get(member.name) is not None:
            headers.update(_header(member, output[member.name]))
    if content_type != EVENT_STREAM:
        headers["Content-Length"] = str(len(body))
    return HttpResponse(status, headers, body)


def serialize_error(model: ServiceModel, error: AwsError, request_id: str) -> HttpResponse:
    body = dump(error_document(model, error))
    headers = {
        "x-amzn-RequestId": request_id,
        "x-amzn-ErrorType": error.code,
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
    }
    return HttpResponse(error_status(model, error), headers, body)


@cache
def _routes(model: ServiceModel) -> tuple[tuple[Operation, re.Pattern[str]], ...]:
    """Return the operations, longest path first, so that a greedy label matches only what no other operation does."""
    operations = sorted(model.operations(), key=lambda operation: -len(operation.uri))
    return tuple((operation, _path_pattern(operation.uri)) for operation in operations)


def _path_pattern(uri: str) -> re.Pattern[str]:
    pieces = LABEL.split(uri.partition("?")[0])
    pattern = re.escape(pieces[0])
    for name, greedy, literal in zip(pieces[1::3], pieces[2::3], pieces[3::3], strict=True):
        pattern += f"(?P<{name}>{'.+' if greedy else '[^/]+'})" + re.escape(literal)
    return re.compile(pattern)


def _route(model: ServiceModel, request: HttpRequest) -> tuple[Operation, dict[str, str]]:
    for operation, pattern in _routes(model):
        match = pattern.fullmatch(request.path) if operation.method == request.method else None
        if match:
            return operation, match.groupdict()
    raise AwsError("UnknownOperationException", f"{request.method} {request.path} is no operation", status=404)


def _located(shape: Shape, request: HttpRequest, labels: Mapping[str, str]) -> dict[str, Any]:
    query: list[tuple[str, str]] | None = None
    values: dict[str, Any] = {}
    for member in shape.located_members:
        match member.location:
            case "uri":
                values[member.name] = decode_text(member, unquote(labels[member.wire_name]))
            case "header":
                text = request.headers.get(member.wire_name.lower())
                if text is not None:
                    values[member.name] = decode_text(member, text)
            case "headers":
                values[member.name] = _prefixed(member.wire_name.lower(), request.headers)
            case _:
                query = parse_qsl(request.query, keep_blank_values=True) if query is None else query
                values.update(decode_query(member, query))
    return values


def _prefixed(prefix: str, headers: Mapping[str, str]) -> dict[str, str]:
    return {name[len(prefix) :]: value for name, value in headers.items() if name.startswith(prefix)}


def _body(shape: Shape, body: bytes) -> dict[str, Any]:
    payload = shape.payload
    if payload is None:
        return decode_body(shape, load(body)) if shape.body_members else {}
    match payload.shape.type:
        case "blob":
            return {payload.name: body}
        case "string":
            return {payload.name: body.decode(errors="replace")}
    return {payload.name: decode_body(payload.shape, load(body))} if body else {}


def _output_body(shape: Shape | None, output: Mapping[str, Any]) -> tuple[str, bytes]:
    if shape is None:
        return "", b""
    payload = shape.payload
    if payload is None:
        return "application/json", dump(encode(shape, output))
    if payload.shape.is_event_stream:
        return EVENT_STREAM, b""
    return _payload(payload, output.get(payload.name))


def _payload(payload: Member, value: Value) -> tuple[str, bytes]:
    match payload.shape.type:
        case "blob":
            return "application/octet-stream", value.encode() if isinstance(value, str) else value or b""
        case "string":
            return "text/plain", (value or "").encode()
    return "application/json", dump(encode(payload.shape, {} if value is None else value))


def _header(member: Member, value: Value) -> dict[str, str]:
    if member.location == "headers":
        return {f"{member.wire_name}{name}": encode_text(member.shape.value, part) for name, part in value.items()}
    return {member.wire_name: encode_text(member, value)}
