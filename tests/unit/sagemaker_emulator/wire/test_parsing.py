import json
import math

import pytest
from tests.unit.sagemaker_emulator.wire.wire_requests import sagemaker_body, sagemaker_request

from sagemaker_emulator.wire import (
    AwsError,
    Call,
    HttpRequest,
    output_members,
    parse,
    serialize,
)
from sagemaker_emulator.wire.model import Value


def refusal(request: HttpRequest) -> AwsError:
    with pytest.raises(AwsError) as caught:
        parse(request)
    return caught.value


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "Start of list found where not expected"),
        ("text", "Expected null"),
        ({"TrainingJobName": 5}, "NUMBER_VALUE can not be converted to String"),
        ({"TrainingJobName": True}, "TRUE_VALUE can not be converted to String"),
        ({"TrainingJobName": {}}, "Start of structure or map found where not expected."),
        ({"ResourceConfig": {"InstanceCount": "1"}}, "STRING_VALUE can not be converted to Integer"),
        ({"ResourceConfig": {"InstanceCount": 2**31}}, "NUMBER_VALUE can not be converted to Integer"),
        ({"EnableNetworkIsolation": "true"}, "STRING_VALUE can not be converted to Boolean"),
        ({"Tags": "a=b"}, "Expected list or null"),
        ({"HyperParameters": 1}, "Expected map or null"),
        ({"HyperParameters": []}, "Start of list found where not expected"),
    ],
)
def test_a_value_of_the_wrong_type_is_a_serialization_exception(document: Value, message: str) -> None:
    error = refusal(sagemaker_request("CreateTrainingJob", document))
    assert (error.code, error.status, error.message) == ("SerializationException", 400, message)


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b'{"a":NaN}', b"[" * 100_000, b'{"a":' * 100_000, b"1" * 5_000, b"\x00"]
)
def test_invalid_json_is_a_serialization_exception(body: bytes) -> None:
    assert refusal(sagemaker_body("ListTrainingJobs", body)).code == "SerializationException"


@pytest.mark.usefixtures("no_garbage")
def test_excessive_nesting_is_refused() -> None:
    body = b'{"Resource":"Endpoint","SearchExpression":' + b'{"SubExpressions":[' * 400 + b"]}" * 400 + b"}"
    assert refusal(sagemaker_body("Search", body)).code == "SerializationException"


def test_unknown_members_and_nulls_are_ignored() -> None:
    request = sagemaker_request("ListTrainingJobs", {"Colour": "red", "NameContains": None, "MaxResults": 5})
    assert parse(request) == Call("sagemaker", "ListTrainingJobs", {"MaxResults": 5})


def test_a_union_has_one_member() -> None:
    problem: dict[str, dict[str, str]] = {"ImageClassificationJobConfig": {}, "TextClassificationJobConfig": {}}
    error = refusal(sagemaker_request("CreateAutoMLJobV2", {"AutoMLProblemTypeConfig": problem}))
    assert error.code == "SerializationException"
    assert "not ImageClassificationJobConfig and TextClassificationJobConfig" in error.message


def test_an_empty_body_is_an_empty_request() -> None:
    assert parse(sagemaker_body("ListTrainingJobs", b"")).input == {}


def test_half_a_surrogate_pair_becomes_a_question_mark() -> None:
    call = parse(sagemaker_body("ListTrainingJobs", b'{"NameContains":"a\\ud800"}'))
    assert call.input == {"NameContains": "a?"}


def test_an_impossible_time_is_refused() -> None:
    error = refusal(sagemaker_request("ListTrainingJobs", {"CreationTimeAfter": 1e300}))
    assert error.message == "NUMBER_VALUE can not be converted to milliseconds since epoch"


@pytest.mark.parametrize("target", [None, "", "SageMaker", "SageMaker.", "SageMaker.MakeScones", "S3.ListTrainingJobs"])
def test_an_unknown_target_is_an_unknown_operation(target: str | None) -> None:
    headers = {} if target is None else {"x-amz-target": target}
    assert refusal(HttpRequest("POST", "/", "", headers, b"{}")).code == "UnknownOperationException"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("POST", "/other"), ("GET", "/endpoints/a/invocations"), ("POST", "/endpoints//invocations")],
)
def test_an_unknown_path_or_method_is_an_unknown_operation(method: str, path: str) -> None:
    error = refusal(HttpRequest(method, path, "", {"X-Amz-Target": "SageMaker.ListTags"}, b"{}"))
    assert (error.code, error.status) == ("UnknownOperationException", 404)


def test_header_names_are_read_in_any_case_and_labels_are_decoded() -> None:
    request = HttpRequest("POST", "/endpoints/a%2Fb%20c/invocations", "x=1", {"CONTENT-type": "image/png"}, b"\x89PNG")
    assert parse(request).input == {"EndpointName": "a/b c", "ContentType": "image/png", "Body": b"\x89PNG"}


@pytest.mark.parametrize("text", ["ten", "1_0", "\u0661\u0660", "", "1" * 5_000, "99999999999", "1e3"])
def test_a_header_that_is_not_a_number_is_a_serialization_exception(text: str) -> None:
    headers = {"X-Amzn-SageMaker-RequestTTLSeconds": text}
    request = HttpRequest("POST", "/endpoints/a/async-invocations", "", headers, b"")
    assert refusal(request).code == "SerializationException"


def test_an_answer_has_only_members_of_the_model() -> None:
    output = {"TrainingJobArn": "arn", "pid": 7, "Nothing": None}
    answer = serialize(Call("sagemaker", "CreateTrainingJob"), output, "id")
    assert json.loads(answer.body) == {"TrainingJobArn": "arn"}
    assert output_members("sagemaker", "CreateTrainingJob") == {"TrainingJobArn"}


def test_an_operation_without_output_answers_with_no_body() -> None:
    answer = serialize(Call("sagemaker", "DeleteModel"), {}, "id")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "0")


def test_infinite_numbers_become_valid_json() -> None:
    metrics = [{"MetricName": "loss", "Value": math.nan}]
    answer = serialize(Call("sagemaker", "DescribeTrainingJob"), {"FinalMetricDataList": metrics}, "id")
    assert json.loads(answer.body)["FinalMetricDataList"][0]["Value"] == "NaN"


def test_a_header_value_cannot_contain_line_breaks() -> None:
    output = {"Body": b"", "CustomAttributes": "a\r\nSet-Cookie: b"}
    answer = serialize(Call("sagemaker-runtime", "InvokeEndpoint"), output, "id")
    assert answer.headers["X-Amzn-SageMaker-Custom-Attributes"] == "a Set-Cookie: b"
