"""AWS JSON 1.1: every operation is a POST to `/`, named by the header X-Amz-Target."""

from collections.abc import Mapping
from typing import Any

from sagemaker_emulator.wire.errors import error_document, error_status
from sagemaker_emulator.wire.json_values import decode_body, dump, encode, load
from sagemaker_emulator.wire.messages import AwsError, HttpRequest, HttpResponse
from sagemaker_emulator.wire.model import Operation, ServiceModel


def parse(model: ServiceModel, request: HttpRequest) -> tuple[str, dict[str, Any]]:
    operation = _operation(model, request)
    return operation.name, decode_body(operation.input, load(request.body))


def serialize(operation: Operation, output: Mapping[str, Any], request_id: str) -> HttpResponse:
    body = dump(encode(operation.output, output)) if operation.output else b""
    return HttpResponse(200, _headers(body, request_id), body)


def serialize_error(model: ServiceModel, error: AwsError, request_id: str) -> HttpResponse:
    body = dump({"__type": error.code, **error_document(model, error)})
    return HttpResponse(error_status(model, error), _headers(body, request_id), body)


def _operation(model: ServiceModel, request: HttpRequest) -> Operation:
    target = request.headers.get("x-amz-target", "")
    prefix, _, name = target.partition(".")
    if request.method != "POST" or request.path != "/":
        raise AwsError("UnknownOperationException", f"{request.method} {request.path} is no operation", status=404)
    if prefix != model.metadata["targetPrefix"] or name not in model:
        raise AwsError("UnknownOperationException", f"X-Amz-Target {target!r} names no operation of SageMaker")
    return model.operation(name)


def _headers(body: bytes, request_id: str) -> dict[str, str]:
    return {
        "x-amzn-RequestId": request_id,
        "Content-Type": "application/x-amz-json-1.1",
        "Content-Length": str(len(body)),
    }
