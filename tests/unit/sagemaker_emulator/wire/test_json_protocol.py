"""Requests and answers of AWS JSON 1.1, and how the two services are distinguished."""

import json

import pytest
from tests.unit.sagemaker_emulator.wire.small_models import model, parsed, serialized
from tests.unit.sagemaker_emulator.wire.wire_requests import invocation, sagemaker_body, sagemaker_request

from sagemaker_emulator.wire import (
    AwsError,
    Call,
    HttpRequest,
    json_protocol,
    operation_names,
    output_members,
    parse,
    serialize,
)
from sagemaker_emulator.wire.model import ServiceModel
from sagemaker_emulator.wire.protocol import service_of

TEXT = model({"Value": {"shape": "string"}}, protocol="json")


def refusal(request: HttpRequest) -> AwsError:
    with pytest.raises(AwsError) as refused:
        parsed(TEXT, request)
    return refused.value


@pytest.mark.parametrize("target", ["", "Small", "Small.", "Small.Get", "Other.Put", "Small.Put.Put", "Put"])
def test_an_unknown_target_is_an_unknown_operation(target: str) -> None:
    error = refusal(HttpRequest("POST", "/", "", {"X-Amz-Target": target}, b"{}"))
    assert (error.code, error.status) == ("UnknownOperationException", 400)
    assert error.message == f"X-Amz-Target {target!r} names no operation of SageMaker"


def test_a_missing_target_is_an_empty_one() -> None:
    assert refusal(HttpRequest("POST", "/", "", {}, b"{}")).message.startswith("X-Amz-Target '' names")


@pytest.mark.parametrize(("method", "path"), [("GET", "/"), ("POST", "/put")])
def test_only_a_post_to_the_root_is_an_operation(method: str, path: str) -> None:
    error = refusal(HttpRequest(method, path, "", {"X-Amz-Target": "Small.Put"}, b"{}"))
    assert (error.code, error.status, error.message) == (
        "UnknownOperationException",
        404,
        f"{method} {path} is no operation",
    )


def test_an_answer_has_its_headers() -> None:
    answer = serialized(TEXT, {"Value": "é"})
    assert answer.headers == {
        "x-amzn-RequestId": "the-id",
        "Content-Type": "application/x-amz-json-1.1",
        "Content-Length": "14",
    }
    assert answer.body == '{"Value":"é"}'.encode()


def test_an_error_has_its_code_message_and_fields() -> None:
    error = AwsError("Gone", "Because.", 410, {"Since": 1})
    answer = json_protocol.serialize_error(ServiceModel(TEXT), error, "the-id")
    assert answer.headers["x-amzn-RequestId"] == "the-id"
    assert (answer.status, json.loads(answer.body)) == (410, {"__type": "Gone", "message": "Because.", "Since": 1})


def test_the_path_selects_the_service() -> None:
    assert service_of(sagemaker_body("ListTags", b"")) == "sagemaker"
    assert service_of(invocation()) == "sagemaker-runtime"
    assert parse(sagemaker_request("ListTags", {})) == Call("sagemaker", "ListTags", {})
    assert parse(invocation(body=b"x")) == Call(
        "sagemaker-runtime", "InvokeEndpoint", {"EndpointName": "scones", "Body": b"x"}
    )


def test_an_answer_names_its_request() -> None:
    assert serialize(Call("sagemaker", "DeleteModel"), {}, "the-id").headers["x-amzn-RequestId"] == "the-id"


def test_the_operations_and_their_output_come_from_the_models() -> None:
    assert "InvokeEndpoint" in operation_names("sagemaker-runtime")
    assert "CreateModel" in operation_names("sagemaker")
    assert output_members("sagemaker", "CreateModel") == {"ModelArn"}
    assert output_members("sagemaker", "DeleteModel") == frozenset()


def test_an_error_prints_its_code_and_message() -> None:
    error = AwsError("Gone", "Because.")
    assert (str(error), error.args, error.fields, error.status) == ("Gone: Because.", ("Gone", "Because."), {}, 400)
