"""Service models of one operation, `Put`, which botocore and the emulator can both read."""

from typing import Any

from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.model import OperationModel
from botocore.model import ServiceModel as BotocoreModel
from botocore.parsers import PROTOCOL_PARSERS
from botocore.serialize import create_serializer
from botocore.utils import parse_timestamp

from sagemaker_emulator.wire import HttpRequest, HttpResponse, json_protocol, rest_json_protocol
from sagemaker_emulator.wire.model import Definition, ServiceModel, Value
from sagemaker_emulator.wire.protocol import WireProtocol

PROTOCOLS: dict[str, WireProtocol] = {"rest-json": rest_json_protocol, "json": json_protocol}
SHAPES: Definition = {
    **{name: {"type": name} for name in ("string", "integer", "long", "float", "double", "boolean", "blob")},
    "timestamp": {"type": "timestamp"},
    "iso8601": {"type": "timestamp", "timestampFormat": "iso8601"},
    "rfc822": {"type": "timestamp", "timestampFormat": "rfc822"},
    "unixTimestamp": {"type": "timestamp", "timestampFormat": "unixTimestamp"},
    "strings": {"type": "list", "member": {"shape": "string"}},
    "numbers": {"type": "list", "member": {"shape": "integer"}},
    "flags": {"type": "list", "member": {"shape": "boolean"}},
    "moments": {"type": "list", "member": {"shape": "timestamp"}},
    "dates": {"type": "list", "member": {"shape": "rfc822"}},
    "map": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "string"}},
    "map of numbers": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "integer"}},
    "map of lists": {"type": "map", "key": {"shape": "string"}, "value": {"shape": "numbers"}},
    "document": {"type": "structure", "members": {}, "document": True},
    "structure": {"type": "structure", "members": {"Name": {"shape": "string"}, "At": {"shape": "iso8601"}}},
}


def model(
    members: dict[str, Definition],
    *,
    protocol: str = "rest-json",
    uri: str = "/put",
    payload: str | None = None,
    shapes: Definition | None = None,
) -> Definition:
    things = {"type": "structure", "members": members, **({"payload": payload} if payload else {})}
    put = {
        "name": "Put",
        "http": {"method": "POST", "requestUri": uri},
        "input": {"shape": "Things"},
        "output": {"shape": "Things"},
    }
    metadata = {"protocol": protocol, "targetPrefix": "Small", "jsonVersion": "1.1", "endpointPrefix": "small"}
    return {"metadata": metadata, "operations": {"Put": put}, "shapes": {**SHAPES, **(shapes or {}), "Things": things}}


def parsed(definition: Definition, request: HttpRequest) -> dict[str, Value]:
    """Return the input of `Put` as the emulator reads it from a request."""
    name, values = PROTOCOLS[definition["metadata"]["protocol"]].parse(ServiceModel(definition), request)
    assert name == "Put"
    return values


def serialized(definition: Definition, output: dict[str, Value]) -> HttpResponse:
    operation = ServiceModel(definition).operation("Put")
    return PROTOCOLS[definition["metadata"]["protocol"]].serialize(operation, output, "the-id")


def written_by_botocore(definition: Definition, values: dict[str, Value]) -> HttpRequest:
    request = create_serializer(definition["metadata"]["protocol"], False).serialize_to_request(
        values, _operation(definition)
    )
    prepare_request_dict(request, "http://x")
    prepared = create_request_object(request).prepare()
    path, _, query = prepared.url.removeprefix("http://x").partition("?")
    headers = {name: v.decode() if isinstance(v, bytes) else str(v) for name, v in prepared.headers.items()}
    body = prepared.body or b""
    return HttpRequest(prepared.method, path, query, headers, body if isinstance(body, bytes) else body.encode())


def read_by_botocore(definition: Definition, answer: HttpResponse) -> dict[str, Value]:
    """Return what botocore reads in an answer; timestamps are epoch seconds."""
    parser = PROTOCOL_PARSERS[definition["metadata"]["protocol"]](timestamp_parser=_epoch_seconds)
    response = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}
    values: dict[str, Any] = parser.parse(response, _operation(definition).output_shape)
    assert values.pop("ResponseMetadata")["RequestId"] == "the-id"
    return values


def _epoch_seconds(value: Value) -> float:
    return float(parse_timestamp(value).timestamp())


def _operation(definition: Definition) -> OperationModel:
    return OperationModel(definition["operations"]["Put"], BotocoreModel(definition), "Put")
