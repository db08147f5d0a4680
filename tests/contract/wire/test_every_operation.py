"""Every operation of the services, there and back through botocore's own serializers and parsers."""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse, HeadersDict
from botocore.model import OperationModel, Shape
from botocore.parsers import create_parser
from botocore.utils import parse_timestamp

from sagemaker_emulator.wire import AwsError, Call, HttpRequest, operation_names, parse, serialize, validate
from sagemaker_emulator.wire.model import Value

SERVICES = ("sagemaker", "sagemaker-runtime", "sagemaker-metrics")
NOW = 1_700_000_000.25


class Caught(Exception):
    def __init__(self, request: AWSPreparedRequest) -> None:
        super().__init__(request.url)
        self.request = request


def stop_at_the_wire(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
    raise Caught(request)


@cache
def client(service: str) -> Any:
    made = boto3.client(
        service,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        endpoint_url="http://x",
    )
    made.meta.events.register("before-send", stop_at_the_wire)
    return made


def every_operation() -> Iterator[Any]:
    for service in SERVICES:
        for operation in operation_names(service):
            yield pytest.param(service, operation, id=f"{service}-{operation}")


def value_of(shape: Shape, inside: tuple[str, ...] = ()) -> Value:
    """Return a value with every member of the shape; a shape inside itself ends the recursion."""
    match shape.type_name:
        case "structure":
            return structure_of(shape, (*inside, shape.name))
        case "list":
            return [value_of(shape.member, inside)]
        case "map":
            return {value_of(shape.key, inside): value_of(shape.value, inside)}
    return scalar_of(shape)


def structure_of(shape: Shape, inside: tuple[str, ...]) -> dict[str, Value]:
    members = list(shape.members.items())[: 1 if getattr(shape, "is_tagged_union", False) else None]
    return {name: value_of(part, inside) for name, part in members if innermost(part).name not in inside}


def innermost(shape: Shape) -> Shape:
    return innermost(shape.member) if shape.type_name == "list" else shape


def scalar_of(shape: Shape) -> Value:
    minimum = shape.metadata.get("min", 1)
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "é" * max(1, minimum)
    if shape.type_name in ("float", "double"):
        return minimum + 0.5
    return {"boolean": True, "timestamp": NOW, "blob": b"\x00\xff"}.get(shape.type_name, minimum)


def ascii_headers(shape: Shape, values: dict[str, Value]) -> dict[str, Value]:
    located = {name for name, part in shape.members.items() if part.serialization.get("location") in ("header", "uri")}
    return {k: v.replace("é", "e") if k in located and isinstance(v, str) else v for k, v in values.items()}


def sent(service: str, operation: str, values: dict[str, Value]) -> HttpRequest:
    """Return the request that boto3 puts on the wire."""
    with pytest.raises(Caught) as caught:
        client(service)._make_api_call(operation, values)
    request = caught.value.request
    path, _, query = request.url.removeprefix("http://x").partition("?")
    headers = {name: v.decode() if isinstance(v, bytes) else str(v) for name, v in request.headers.items()}
    body = request.body or b""
    return HttpRequest(request.method, path, query, headers, body if isinstance(body, bytes) else body.encode())


def model_of(service: str, operation: str) -> OperationModel:
    return client(service).meta.service_model.operation_model(operation)


@pytest.mark.parametrize(("service", "operation"), [*every_operation()])
def test_requests_of_boto3_are_parsed_to_the_callers_values(service: str, operation: str) -> None:
    shape = model_of(service, operation).input_shape
    given = ascii_headers(shape, value_of(shape))
    call = parse(sent(service, operation, given))
    assert call == Call(service, operation, given)


@pytest.mark.parametrize(("service", "operation"), [*every_operation()])
def test_validation_raises_only_the_services_own_errors(service: str, operation: str) -> None:
    broken = violation(Call(service, operation, value_of(model_of(service, operation).input_shape)))
    assert broken is None or broken.code == (
        "ValidationError" if service == "sagemaker-runtime" else "ValidationException"
    )


def violation(call: Call) -> AwsError | None:
    try:
        validate(call)
    except AwsError as error:
        return error
    return None


@pytest.mark.parametrize(("service", "operation"), [*every_operation()])
def test_botocore_parses_every_answer(service: str, operation: str) -> None:
    model = model_of(service, operation)
    if model.has_event_stream_output:
        pytest.skip("a stream: see test_event_stream.py")
    output = ascii_headers(model.output_shape, value_of(model.output_shape)) if model.output_shape else {}
    answer = serialize(Call(service, operation), output, "the-id")
    assert answer.headers["Content-Length"] == str(len(answer.body))
    body = BytesIO(answer.body) if model.has_streaming_output else answer.body
    response = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": body}
    parser = create_parser(model.service_model.protocol)
    parser._timestamp_parser = lambda value: parse_timestamp(value).timestamp()
    parsed = parser.parse(response, model.output_shape)
    assert parsed.pop("ResponseMetadata")["RequestId"] == "the-id"
    assert {k: v.read() if isinstance(v, BytesIO) else v for k, v in parsed.items()} == output
