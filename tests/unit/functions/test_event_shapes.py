"""The shapes in which public workflows pass on an event. Each function accepts all of them and returns one shape."""

import base64
import io
import json
from types import ModuleType
from typing import Any

import pytest
from botocore.stub import Stubber

IMAGE = b"\x89PNG\r\n\x1a\n and some pixels"
BODY = {
    "image_data": base64.b64encode(IMAGE).decode(),
    "s3_bucket": "images",
    "s3_key": "test/bicycle_s_000030.png",
    "inferences": [0.977, 0.023],
}
ANSWER = {"statusCode": 200, "body": BODY}
LAMBDA_RESULT = {"ExecutedVersion": "$LATEST", "StatusCode": 200, "SdkHttpMetadata": {"HttpStatusCode": 200}}

SHAPES: dict[str, Any] = {
    "a body": BODY,
    "a body as JSON text": json.dumps(BODY),
    "a response": {"statusCode": 200, "body": BODY},
    "a response with its body as JSON text": {"statusCode": 200, "body": json.dumps(BODY)},
    "a response without status": {"body": BODY},
    "a response as JSON text": json.dumps({"statusCode": 200, "body": json.dumps(BODY)}),
    "a task's result": {**LAMBDA_RESULT, "Payload": {"statusCode": 200, "body": BODY}},
    "a task's result with its body as JSON text": {
        **LAMBDA_RESULT,
        "Payload": {"statusCode": 200, "body": json.dumps(BODY)},
    },
    "a task's result as JSON text": {**LAMBDA_RESULT, "Payload": json.dumps({"statusCode": 200, "body": BODY})},
    "a task's result without a response": {**LAMBDA_RESULT, "Payload": BODY},
    "inferences as JSON text": {**BODY, "inferences": json.dumps(BODY["inferences"])},
    "inferences as JSON text in a body as JSON text": {
        "statusCode": 200,
        "body": json.dumps({**BODY, "inferences": json.dumps(BODY["inferences"])}),
    },
}
shapes = pytest.mark.parametrize("event", SHAPES.values(), ids=SHAPES.keys())


@shapes
def test_serialize_accepts_every_shape_and_returns_one(serialize: ModuleType, event: object) -> None:
    serialize.s3.put_object(Bucket="images", Key=BODY["s3_key"], Body=IMAGE)
    answer = serialize.lambda_handler(event, None)
    assert answer == {"statusCode": 200, "body": {**BODY, "inferences": []}}


@shapes
def test_classify_accepts_every_shape_and_returns_one(classify: ModuleType, event: object) -> None:
    with answering(classify):
        assert classify.lambda_handler(event, None) == ANSWER


@shapes
def test_filter_accepts_every_shape_and_returns_one(filter_: ModuleType, event: object) -> None:
    assert filter_.lambda_handler(event, None) == ANSWER


@pytest.mark.parametrize(
    "event", [BODY["image_data"], {"image_data": BODY["image_data"]}, {"body": BODY["image_data"]}]
)
def test_classify_accepts_a_bare_image(classify: ModuleType, event: object) -> None:
    with answering(classify):
        body = classify.lambda_handler(event, None)["body"]
    assert body == {**BODY, "s3_bucket": "", "s3_key": ""}


@pytest.mark.parametrize("event", [[0.977, 0.023], "[0.977, 0.023]", {"inferences": "[0.977, 0.023]"}])
def test_filter_accepts_bare_inferences(filter_: ModuleType, event: object) -> None:
    body = filter_.lambda_handler(event, None)["body"]
    assert body == {"image_data": "", "s3_bucket": "", "s3_key": "", "inferences": [0.977, 0.023]}


def test_each_answer_is_a_valid_event_for_the_next_function(
    serialize: ModuleType, classify: ModuleType, filter_: ModuleType
) -> None:
    serialize.s3.put_object(Bucket="images", Key=BODY["s3_key"], Body=IMAGE)
    event = {"image_data": "", "s3_bucket": "images", "s3_key": BODY["s3_key"], "inferences": []}
    with answering(classify):
        answer = classify.lambda_handler(serialize.lambda_handler(event, None), None)
    assert filter_.lambda_handler(answer, None) == ANSWER


def answering(classify: ModuleType) -> Stubber:
    stubber = Stubber(classify.sagemaker_runtime)
    answer = {"Body": io.BytesIO(json.dumps(BODY["inferences"]).encode()), "ContentType": "application/json"}
    request = {"EndpointName": "scones", "ContentType": "image/png", "Accept": "application/json", "Body": IMAGE}
    stubber.add_response("invoke_endpoint", answer, request)
    return stubber
