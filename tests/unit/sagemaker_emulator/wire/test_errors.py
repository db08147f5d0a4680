"""Errors as botocore reads them, for both protocols."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.awsrequest import HeadersDict
from botocore.parsers import create_parser
from tests.unit.sagemaker_emulator.wire.wire_requests import invocation, sagemaker_request

from sagemaker_emulator.wire import AwsError, HttpRequest, HttpResponse, serialize_error

DESCRIBE = sagemaker_request("DescribeTrainingJob", {"TrainingJobName": "a"})


def read(service: str, operation: str, answer: HttpResponse) -> dict[str, Any]:
    model = botocore.session.get_session().get_service_model(service)
    response = {"status_code": answer.status, "headers": HeadersDict(answer.headers), "body": answer.body}
    parsed: dict[str, Any] = create_parser(model.protocol).parse(
        response, model.operation_model(operation).output_shape
    )
    return parsed


def test_a_common_error_has_its_message_in_lower_case() -> None:
    answer = serialize_error(DESCRIBE, AwsError("ValidationException", "Requested resource not found."), "id")
    assert json.loads(answer.body) == {"__type": "ValidationException", "message": "Requested resource not found."}
    assert answer.status == 400
    assert read("sagemaker", "DescribeTrainingJob", answer)["Error"] == {
        "Code": "ValidationException",
        "Message": "Requested resource not found.",
    }


@pytest.mark.parametrize("code", ["ResourceInUse", "ResourceNotFound", "ResourceLimitExceeded", "ConflictException"])
def test_a_modeled_error_spells_its_members_as_the_model_does(code: str) -> None:
    answer = serialize_error(DESCRIBE, AwsError(code, "Because."), "id")
    assert json.loads(answer.body) == {"__type": code, "Message": "Because."}
    parsed = read("sagemaker", "DescribeTrainingJob", answer)
    assert parsed["Error"] == {"Code": code, "Message": "Because."}
    assert parsed["ResponseMetadata"]["RequestId"] == "id"


def test_a_model_error_is_424_and_has_the_containers_message() -> None:
    said = {"OriginalStatusCode": 415, "OriginalMessage": "no PNG", "LogStreamArn": "arn:aws:logs"}
    answer = serialize_error(invocation(), AwsError("ModelError", "Received client error (415)", fields=said), "id")
    assert answer.status == 424
    assert answer.headers["x-amzn-ErrorType"] == "ModelError"
    parsed = read("sagemaker-runtime", "InvokeEndpoint", answer)
    assert parsed["Error"] == {"Code": "ModelError", "Message": "Received client error (415)"}


@pytest.mark.parametrize(
    ("code", "status"),
    [("ValidationError", 400), ("ModelNotReadyException", 429), ("InternalFailure", 500), ("ServiceUnavailable", 503)],
)
def test_the_runtimes_errors_have_the_models_status(code: str, status: int) -> None:
    answer = serialize_error(invocation(), AwsError(code, "Because."), "id")
    assert answer.status == status
    assert read("sagemaker-runtime", "InvokeEndpoint", answer)["Error"] == {"Code": code, "Message": "Because."}


def test_an_explicit_status_is_kept() -> None:
    assert serialize_error(DESCRIBE, AwsError("InternalFailure", "", status=500), "id").status == 500


def test_an_empty_request_gets_an_error() -> None:
    request = HttpRequest("BREW", "coffee", "", {}, b"\xff")
    answer = serialize_error(request, AwsError("UnknownOperationException", ""), "id")
    assert json.loads(answer.body) == {"__type": "UnknownOperationException"}
