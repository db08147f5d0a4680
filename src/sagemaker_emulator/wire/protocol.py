"""One port, four services: SageMaker speaks JSON 1.1 at `/`, its runtime rest-json under `/endpoints/`, and
sagemaker-metrics rest-json at the paths of its two operations. Application Auto Scaling, which scales endpoints, speaks
JSON 1.1 at `/` too, with a target prefix of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sagemaker_emulator.wire import json_protocol, rest_json_protocol
from sagemaker_emulator.wire.messages import AwsError, Call, HttpRequest, HttpResponse
from sagemaker_emulator.wire.model import Operation, ServiceModel, service_model

SAGEMAKER = "sagemaker"
RUNTIME = "sagemaker-runtime"
METRICS = "sagemaker-metrics"
METRICS_PATHS = ("/BatchPutMetrics", "/BatchGetMetrics")
SCALING, SCALING_TARGET = "application-autoscaling", "AnyScaleFrontendService."


class WireProtocol(Protocol):
    def parse(self, model: ServiceModel, request: HttpRequest) -> tuple[str, dict[str, Any]]: ...

    def serialize(self, operation: Operation, output: Mapping[str, Any], request_id: str) -> HttpResponse: ...

    def serialize_error(self, model: ServiceModel, error: AwsError, request_id: str) -> HttpResponse: ...


PROTOCOLS: Mapping[str, WireProtocol] = {
    SAGEMAKER: json_protocol,
    RUNTIME: rest_json_protocol,
    METRICS: rest_json_protocol,
    SCALING: json_protocol,
}


def service_of(request: HttpRequest) -> str:
    if request.path.startswith("/endpoints/"):
        return RUNTIME
    if request.path in METRICS_PATHS:
        return METRICS
    return SCALING if request.headers.get("x-amz-target", "").startswith(SCALING_TARGET) else SAGEMAKER


def parse(request: HttpRequest) -> Call:
    """Return the call in a request, whether or not its operation is emulated. Raises AwsError."""
    service = service_of(request)
    operation, values = PROTOCOLS[service].parse(service_model(service), request)
    return Call(service, operation, values)


def serialize(call: Call, output: Mapping[str, Any], request_id: str) -> HttpResponse:
    """Return the response. Members that the output shape does not have are left out."""
    operation = service_model(call.service).operation(call.operation)
    return PROTOCOLS[call.service].serialize(operation, output, request_id)


def serialize_error(request: HttpRequest, error: AwsError, request_id: str) -> HttpResponse:
    """Return the error in the protocol of the request, whether or not the request could be parsed."""
    service = service_of(request)
    return PROTOCOLS[service].serialize_error(service_model(service), error, request_id)


def operation_names(service: str) -> Sequence[str]:
    return service_model(service).operation_names


def output_members(service: str, operation: str) -> frozenset[str]:
    output = service_model(service).operation(operation).output
    return frozenset(output.members) if output else frozenset()
