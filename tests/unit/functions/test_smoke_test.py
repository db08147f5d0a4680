import io
import json
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

BUCKET = "smoke"
EXAMPLES = [{"name": "a.png", "probabilities": [0.9, 0.1]}, {"name": "b.png", "probabilities": [0.2, 0.8]}]


@pytest.fixture
def event(aws: None) -> Iterator[dict[str, Any]]:
    bucket = boto3.resource("s3").Bucket(BUCKET)
    bucket.create()
    for example in EXAMPLES:
        bucket.put_object(Key=f"test/{example['name']}", Body=str(example["name"]).encode())
    yield {"bucket": BUCKET, "prefix": "test/", "examples": EXAMPLES, "latency_at_most_ms": 1000}
    bucket.objects.delete()
    bucket.delete()


@pytest.fixture
def endpoint(smoke_test: ModuleType) -> Iterator[Stubber]:
    with Stubber(smoke_test.sagemaker_runtime) as stubber:
        yield stubber


def answers(endpoint: Stubber, *bodies: object) -> None:
    """Prepare answers. The function sends the first image once more, before the others."""
    for name, body in zip(("a.png", "a.png", "b.png"), (bodies[0], *bodies), strict=False):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = {"Body": StreamingBody(io.BytesIO(text), len(text))}
        request = {"EndpointName": "scones", "ContentType": ANY, "Body": name.encode()}
        endpoint.add_response("invoke_endpoint", answer, request)


def test_an_endpoint_with_its_models_answers_passes(
    smoke_test: ModuleType, event: dict[str, Any], endpoint: Stubber
) -> None:
    answers(endpoint, [0.91, 0.09], [0.2, 0.8])
    assert smoke_test.lambda_handler(event, None)["summary"].startswith("2 known images answered as expected")
    endpoint.assert_no_pending_responses()


@pytest.mark.parametrize("answer", [[0.1, 0.9], [0.9], [], {"a": 0.9}, ["0.9", "0.1"], b"no JSON"])
def test_a_different_answer_is_a_wrong_answer(
    smoke_test: ModuleType, event: dict[str, Any], endpoint: Stubber, answer: object
) -> None:
    answers(endpoint, answer)
    with pytest.raises(smoke_test.WrongAnswer):
        smoke_test.lambda_handler(event, None)


def test_a_slow_answer_raises_too_slow(smoke_test: ModuleType, event: dict[str, Any], endpoint: Stubber) -> None:
    answers(endpoint, [0.9, 0.1], [0.2, 0.8])
    with pytest.raises(smoke_test.TooSlow, match="at most 0 ms"):
        smoke_test.lambda_handler({**event, "latency_at_most_ms": 0}, None)


def test_without_examples_there_is_nothing_to_ask(smoke_test: ModuleType, event: dict[str, Any]) -> None:
    with pytest.raises(smoke_test.NothingToAsk):
        smoke_test.lambda_handler({**event, "examples": []}, None)


def test_a_missing_image_of_an_example_is_not_found(smoke_test: ModuleType, event: dict[str, Any]) -> None:
    examples = [{"name": "gone.png", "probabilities": [1.0, 0.0]}]
    with pytest.raises(smoke_test.ImageNotFound, match=r"test/gone.png"):
        smoke_test.lambda_handler({**event, "examples": examples}, None)


def test_the_endpoints_own_error_keeps_its_name(
    smoke_test: ModuleType, event: dict[str, Any], endpoint: Stubber
) -> None:
    endpoint.add_client_error("invoke_endpoint", "ModelError", http_status_code=424)
    with pytest.raises(smoke_test.sagemaker_runtime.exceptions.ModelError):
        smoke_test.lambda_handler(event, None)
