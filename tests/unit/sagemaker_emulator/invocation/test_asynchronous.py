"""The places of an asynchronous invocation's output and error, and the message that SNS gets."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec
import pytest

from sagemaker_emulator.invocation.asynchronous.queue import new_invocation
from sagemaker_emulator.invocation.asynchronous.results import MESSAGE_MAX_BYTES, Result, notification
from sagemaker_emulator.invocation.asynchronous.runner import retry_pauses_s
from sagemaker_emulator.resources.async_invocation import AsyncInvocation, InvokeEndpointAsyncRequest
from sagemaker_emulator.resources.endpoint import Endpoint
from sagemaker_emulator.resources.endpoint_config import AsyncInference

NOW = datetime(2026, 3, 1, 12, 0, 0, 7_000, tzinfo=UTC)
TOPICS = {"SuccessTopic": "arn:success", "ErrorTopic": "arn:error"}
BOTH = ["SUCCESS_NOTIFICATION_TOPIC", "ERROR_NOTIFICATION_TOPIC"]
REQUEST = {"EndpointName": "scones", "ContentType": "text/csv", "InputLocation": "s3://bucket/in/one"}
BUSY, DONE = (
    Result("ClientError: no such bay", "text/plain"),
    Result(None, "text/csv", "s3://bucket/out/one.out", b"1,2"),
)


def config(failure_path: str | None = None, **notification_config: Any) -> AsyncInference:
    output = {"S3OutputPath": "s3://bucket/out/", "NotificationConfig": notification_config}
    return AsyncInference.from_request(
        {"OutputConfig": {**output, **({"S3FailurePath": failure_path} if failure_path else {})}}
    )


def invocation(async_config: AsyncInference | None = None, **members: Any) -> AsyncInvocation:
    revision: Any = None
    endpoint = Endpoint("scones", "arn:scones", revision, created=5.0, modified=5.0)
    request = msgspec.convert({**REQUEST, **members}, InvokeEndpointAsyncRequest)
    return new_invocation(request, async_config or config(), endpoint)


def message(result: Result, async_config: AsyncInference, **members: Any) -> dict[str, Any]:
    text = notification(invocation(async_config, **members), result, async_config, "eu-west-1", NOW)
    parsed: dict[str, Any] = json.loads(text)
    return parsed


def test_output_and_error_are_named_after_the_invocation() -> None:
    new = invocation(config("s3://bucket/failed/"))
    assert new.output_uri == f"s3://bucket/out/{new.name}.out"
    assert new.failure_uri == f"s3://bucket/failed/{new.name}-error.out"
    assert new.endpoint_created == 5.0
    assert new.inference_id
    assert invocation().failure_uri is None


def test_the_request_may_name_the_output_its_folder_and_the_inference() -> None:
    new = invocation(
        config("s3://bucket/failed"), S3OutputPathExtension="/a/b/", Filename="one.json", InferenceId="mine"
    )
    assert new.output_uri == "s3://bucket/out/a/b/one.json"
    assert new.failure_uri == f"s3://bucket/failed/a/b/{new.name}-error.out"
    assert new.inference_id == "mine"


def test_a_request_expires_after_its_time_to_live() -> None:
    assert not invocation(RequestTTLSeconds=60).has_expired
    assert invocation(RequestTTLSeconds=0).has_expired


def test_a_clock_that_is_set_expires_no_request() -> None:
    new = invocation(RequestTTLSeconds=60)
    assert new.received is not None
    for step_s in (-3600, 3600):
        stepped = replace(new.received, epoch=new.received.epoch + step_s)
        assert not replace(new, received=stepped).has_expired


def test_a_request_that_an_earlier_version_stored_is_read() -> None:
    stored = msgspec.to_builtins(invocation(RequestTTLSeconds=60))
    assert stored["request"] == {**REQUEST, "RequestTTLSeconds": 60}
    assert msgspec.convert(stored, AsyncInvocation).request.ttl_s == 60


def test_the_message_of_success_has_awss_keys_in_awss_order() -> None:
    told = message(DONE, config(**TOPICS, IncludeInferenceResponseIn=BOTH), CustomAttributes="trace=7")
    assert list(told) == [
        "awsRegion", "eventTime", "receivedTime", "invocationStatus", "requestParameters", "responseParameters",
        "responseBody", "inferenceId", "eventVersion", "eventSource", "eventName",
    ]  # fmt: skip
    assert (told["awsRegion"], told["eventTime"]) == ("eu-west-1", "2026-03-01T12:00:00.007Z")
    assert told["invocationStatus"] == "Completed"
    assert told["requestParameters"] == {
        "contentType": "text/csv",
        "customAttributes": "trace=7",
        "endpointName": "scones",
        "inputLocation": "s3://bucket/in/one",
    }
    assert told["responseParameters"] == {"contentType": "text/csv", "outputLocation": "s3://bucket/out/one.out"}
    assert told["responseBody"] == {"content": base64.b64encode(b"1,2").decode(), "encoding": "BASE64"}


def test_the_message_of_failure_has_the_reason() -> None:
    told = message(BUSY, config(**TOPICS))
    assert (told["invocationStatus"], told["failureReason"]) == ("Failed", "ClientError: no such bay")
    assert "responseBody" not in told


@pytest.mark.parametrize(("result", "topic"), [(DONE, "arn:success"), (BUSY, "arn:error")])
def test_success_and_failure_have_separate_topics(result: Result, topic: str) -> None:
    assert result.topic(config(**TOPICS)) == topic
    assert result.topic(config()) is None


def test_an_answer_is_included_only_if_requested_and_only_if_it_fits() -> None:
    success_only = config(**TOPICS, IncludeInferenceResponseIn=BOTH[:1])
    assert DONE.is_included(success_only)
    assert not BUSY.is_included(success_only)
    assert not DONE.is_included(config(**TOPICS))
    limit = (MESSAGE_MAX_BYTES - 4096) * 3 // 4
    assert Result(None, head=b"x" * (limit - 1)).is_included(success_only)
    assert not Result(None, head=b"x" * (limit + 3)).is_included(success_only)


def test_pauses_between_attempts_double_to_half_a_minute() -> None:
    assert list(islice(retry_pauses_s(), 9)) == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
