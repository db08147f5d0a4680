"""InvokeEndpointAsync: acknowledged, run in order, its result in S3 and SNS, also after a restart."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from sagemaker_emulator.resources.async_invocation import AsyncInvocation

BUCKET = "contract"
HOLD = """
import pathlib, time
gate = pathlib.Path(body.decode().split()[0])
(gate.parent / "seen").open("a").write(body.decode().split()[1])
while not gate.exists():
    time.sleep(0.01)
handler._answer(200, body, "text/plain")
"""


def async_config(**output: Any) -> dict[str, Any]:
    places = {"S3OutputPath": f"s3://{BUCKET}/async/out", "S3FailurePath": f"s3://{BUCKET}/async/failed"}
    return {"OutputConfig": {**places, **output}, "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 1}}


@pytest.fixture(scope="module", autouse=True)
def endpoint(hosting: Any) -> None:
    assert hosting.simple("async", AsyncInferenceConfig=async_config())["EndpointStatus"] == "InService"


@pytest.fixture
def uploaded(s3: Any) -> Callable[[str, bytes], str]:
    def put(name: str, body: bytes) -> str:
        s3.put_object(Bucket=BUCKET, Key=f"async/in/{name}", Body=body)
        return f"s3://{BUCKET}/async/in/{name}"

    return put


@pytest.fixture
def output_of(s3: Any, until: Any) -> Callable[[str], bytes]:
    def read(uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")

        def read_object() -> bytes | None:
            try:
                body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
            except ClientError:
                return None
            return body

        result: bytes = until(read_object, uri)
        return result

    return read


@pytest.fixture
def topic() -> tuple[str, Callable[[], list[dict[str, Any]]]]:
    """Return the ARN of an SNS topic, and a function that returns what was published to it."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    arn, queue = sns.create_topic(Name="results")["TopicArn"], sqs.create_queue(QueueName="results")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"})

    def published() -> list[dict[str, Any]]:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in messages]

    return arn, published


def test_the_output_is_at_its_output_location_in_s3(runtime: Any, uploaded: Any, output_of: Any, s3: Any) -> None:
    answer = runtime.invoke_endpoint_async(
        EndpointName="async", InputLocation=uploaded("one", b"hello"), ContentType="text/plain", InferenceId="mine"
    )
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    assert answer["InferenceId"] == "mine"
    assert answer["OutputLocation"].startswith(f"s3://{BUCKET}/async/out/")
    assert answer["FailureLocation"].endswith("-error.out")
    assert json.loads(output_of(answer["OutputLocation"])) == {"model": "v1", "got": "hello", "type": "text/plain"}
    key = answer["OutputLocation"].removeprefix(f"s3://{BUCKET}/")
    assert s3.head_object(Bucket=BUCKET, Key=key)["ContentType"] == "application/json"


def test_a_payload_may_be_inline(runtime: Any, output_of: Any) -> None:
    answer = runtime.invoke_endpoint_async(
        EndpointName="async", Body=b"inline", S3OutputPathExtension="today", Filename="result.json"
    )
    assert answer["OutputLocation"] == f"s3://{BUCKET}/async/out/today/result.json"
    assert json.loads(output_of(answer["OutputLocation"]))["got"] == "inline"


def test_an_error_of_the_container_is_written_to_the_failure_location(
    runtime: Any, uploaded: Any, output_of: Any
) -> None:
    answer = runtime.invoke_endpoint_async(EndpointName="async", InputLocation=uploaded("bad", b"status 500"))
    assert output_of(answer["FailureLocation"]) == b"as you wish"


def test_an_input_that_is_not_there_is_written_to_the_failure_location(runtime: Any, output_of: Any) -> None:
    answer = runtime.invoke_endpoint_async(EndpointName="async", InputLocation=f"s3://{BUCKET}/async/in/nothing")
    reason = output_of(answer["FailureLocation"]).decode()
    assert reason.startswith(f"ClientError: Failed to download the input s3://{BUCKET}/async/in/nothing: ")


def test_an_invocation_has_the_metrics_of_asynchronous_endpoints(
    hosting: Any, sagemaker: Any, runtime: Any, output_of: Any, until: Any
) -> None:
    hosting.simple("async-measured", AsyncInferenceConfig=async_config())
    variant = {"VariantName": "AllTraffic", "ModelName": "async-measured"}
    hosting.config("async-measured-new", variant, AsyncInferenceConfig=async_config())
    sagemaker.update_endpoint(EndpointName="async-measured", EndpointConfigName="async-measured-new")
    hosting.settled("async-measured")
    answer = runtime.invoke_endpoint_async(EndpointName="async-measured", Body=b"status 500")
    output_of(answer["FailureLocation"])

    def published() -> set[tuple[str, ...]]:
        metrics = boto3.client("cloudwatch").list_metrics(
            Dimensions=[{"Name": "EndpointName", "Value": "async-measured"}]
        )
        return {(one["MetricName"], *(part["Value"] for part in one["Dimensions"][1:])) for one in metrics["Metrics"]}

    names = ("Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency")
    expected = {(name, "AllTraffic", *config) for name in names for config in ((), ("async-measured-new",))}
    assert until(published, "the metrics") == expected


def test_a_model_that_times_out_is_a_failure(runtime: Any, uploaded: Any, output_of: Any) -> None:
    answer = runtime.invoke_endpoint_async(
        EndpointName="async", InputLocation=uploaded("slow", b"sleep 3"), InvocationTimeoutSeconds=1
    )
    assert b"timed out" in output_of(answer["FailureLocation"])


def test_sns_gets_success_and_failure_in_awss_format(
    hosting: Any, runtime: Any, uploaded: Any, topic: Any, until: Any
) -> None:
    arn, published = topic
    notification = {
        "SuccessTopic": arn,
        "ErrorTopic": arn,
        "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"],
    }
    hosting.simple("async-told", AsyncInferenceConfig=async_config(NotificationConfig=notification))
    sent = {"EndpointName": "async-told", "ContentType": "text/csv"}
    good = runtime.invoke_endpoint_async(**sent, InputLocation=uploaded("good", b"1,2"))
    (told,) = until(published, "the notification of success")
    assert told["invocationStatus"] == "Completed"
    assert told["requestParameters"] == {
        "contentType": "text/csv",
        "endpointName": "async-told",
        "inputLocation": f"s3://{BUCKET}/async/in/good",
    }
    assert told["responseParameters"] == {"contentType": "application/json", "outputLocation": good["OutputLocation"]}
    assert json.loads(base64.b64decode(told["responseBody"]["content"]))["got"] == "1,2"
    assert (told["inferenceId"], told["eventName"]) == (good["InferenceId"], "InferenceResult")
    assert (told["eventSource"], told["eventVersion"], told["awsRegion"]) == ("aws:sagemaker", "1.0", "us-east-1")
    runtime.invoke_endpoint_async(**sent, InputLocation=f"s3://{BUCKET}/async/in/never-put")
    (told,) = until(published, "the notification of failure")
    assert told["invocationStatus"] == "Failed"
    assert told["failureReason"].startswith("ClientError: ")
    assert "responseBody" not in told


def test_an_instance_runs_as_many_requests_at_once_as_the_configuration_allows(
    hosting: Any, runtime: Any, uploaded: Any, output_of: Any, until: Any, tmp_path: Path
) -> None:
    hosting.model("async-hold", environment={"ANSWER": HOLD})
    variant = {"VariantName": "AllTraffic", "ModelName": "async-hold"}
    hosting.config("async-hold", variant, AsyncInferenceConfig=async_config())
    hosting.endpoint("async-hold", "async-hold")
    gate, seen = tmp_path / "gate", tmp_path / "seen"
    answers = [
        runtime.invoke_endpoint_async(
            EndpointName="async-hold", InputLocation=uploaded(f"hold{number}", f"{gate} {number}".encode())
        )
        for number in range(3)
    ]
    until(seen.exists, "the first request to reach the container")
    assert seen.read_text() == "0"
    gate.touch()
    for answer in answers:
        output_of(answer["OutputLocation"])
    assert seen.read_text() == "012"


def test_acknowledged_requests_run_after_a_restart(
    restartable: Any, make_hosting: Any, s3: Any, uploaded: Any, output_of: Any, until: Any, tmp_path: Path
) -> None:
    gate, seen = tmp_path / "gate", tmp_path / "seen"
    with restartable() as emulator:
        hosting = make_hosting(emulator.client("sagemaker"), s3)
        hosting.model("async-again", environment={"ANSWER": HOLD})
        variant = {"VariantName": "AllTraffic", "ModelName": "async-again"}
        hosting.config("async-again", variant, AsyncInferenceConfig=async_config())
        hosting.endpoint("async-again", "async-again")
        answers = [
            emulator.client("sagemaker-runtime").invoke_endpoint_async(
                EndpointName="async-again", Body=f"{gate} {number}".encode()
            )
            for number in range(2)
        ]
        until(seen.exists, "the first request to reach the container")
    gate.touch()
    with restartable():
        assert output_of(answers[0]["OutputLocation"]).endswith(b"0")
        assert output_of(answers[1]["OutputLocation"]).endswith(b"1")


def test_a_request_waits_while_the_endpoint_has_no_instances(
    hosting: Any, runtime: Any, sagemaker: Any, output_of: Any
) -> None:
    hosting.simple("async-asleep", AsyncInferenceConfig=async_config())
    desired = {"VariantName": "AllTraffic", "DesiredInstanceCount": 0}
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="async-asleep", DesiredWeightsAndCapacities=[desired])
    assert hosting.settled("async-asleep")["ProductionVariants"][0]["CurrentInstanceCount"] == 0
    answer = runtime.invoke_endpoint_async(EndpointName="async-asleep", Body=b"wake up")
    desired["DesiredInstanceCount"] = 1
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="async-asleep", DesiredWeightsAndCapacities=[desired])
    assert json.loads(output_of(answer["OutputLocation"]))["got"] == "wake up"


def test_a_request_that_waited_too_long_expires(
    restartable: Any, make_hosting: Any, s3: Any, output_of: Any, tmp_path: Path
) -> None:
    with restartable() as emulator:
        hosting = make_hosting(emulator.client("sagemaker"), s3)
        hosting.model("async-late", environment={"ANSWER": HOLD})
        variant = {"VariantName": "AllTraffic", "ModelName": "async-late"}
        hosting.config("async-late", variant, AsyncInferenceConfig=async_config())
        hosting.endpoint("async-late", "async-late")
        answer = emulator.client("sagemaker-runtime").invoke_endpoint_async(
            EndpointName="async-late", Body=f"{tmp_path}/never 0".encode()
        )
        store = emulator.instance.store
        (waiting,) = store.all(AsyncInvocation)
        assert waiting.received
        long_ago = replace(waiting.received, uptime=waiting.received.uptime - 21_601)
        store.change(AsyncInvocation, waiting.name, lambda one: replace(one, received=long_ago))
    with restartable():
        assert b"has expired" in output_of(answer["FailureLocation"])


def test_deleting_an_endpoint_drops_its_waiting_requests(
    hosting: Any, runtime: Any, sagemaker: Any, emulator: Any, until: Any, tmp_path: Path
) -> None:
    hosting.model("async-gone", environment={"ANSWER": HOLD})
    variant = {"VariantName": "AllTraffic", "ModelName": "async-gone"}
    hosting.config("async-gone", variant, AsyncInferenceConfig=async_config())
    hosting.endpoint("async-gone", "async-gone")
    for number in range(3):
        runtime.invoke_endpoint_async(EndpointName="async-gone", Body=f"{tmp_path}/never {number}".encode())
    until((tmp_path / "seen").exists, "the first request to reach the container")
    sagemaker.delete_endpoint(EndpointName="async-gone")
    until(lambda: not list((emulator.instance.settings.state_dir / "async").glob("*")), "the queue to be dropped")


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ({"EndpointName": "never-made", "InputLocation": "s3://a/b"}, "Endpoint never-made of account .* not found"),
        ({"EndpointName": "async"}, "exactly one of Body and InputLocation"),
        ({"EndpointName": "async", "Body": b"x", "InputLocation": "s3://a/b"}, "exactly one of Body"),
        ({"EndpointName": "async", "InputLocation": "https://a/b"}, "is not an S3 URI"),
        ({"EndpointName": "async", "InputLocation": "s3://a/b", "InferenceId": "x" * 65}, "inferenceId"),
    ],
)
def test_a_request_that_no_instance_could_run_is_refused(runtime: Any, sent: dict[str, Any], message: str) -> None:
    with pytest.raises(ClientError, match=message) as error:
        runtime.invoke_endpoint_async(**sent)
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_each_kind_of_endpoint_refuses_the_operations_of_the_other(hosting: Any, runtime: Any) -> None:
    with pytest.raises(ClientError, match="is an asynchronous endpoint: use InvokeEndpointAsync"):
        runtime.invoke_endpoint(EndpointName="async", Body=b"x")
    with pytest.raises(ClientError, match="is an asynchronous endpoint"):
        runtime.invoke_endpoint_with_response_stream(EndpointName="async", Body=b"x")
    hosting.simple("not-async")
    with pytest.raises(ClientError, match="is not an asynchronous endpoint: use InvokeEndpoint"):
        runtime.invoke_endpoint_async(EndpointName="not-async", InputLocation="s3://a/b")


def test_an_asynchronous_invocation_is_captured(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://contract/captured-async",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    }
    hosting.simple("async-captured", AsyncInferenceConfig=async_config(), DataCaptureConfig=capture)
    runtime.invoke_endpoint_async(
        EndpointName="async-captured", Body=b"1,2", ContentType="text/csv", InferenceId="one", CustomAttributes="two"
    )
    prefix = "captured-async/async-captured/AllTraffic/"
    (entry,) = until(lambda: s3.list_objects_v2(Bucket="contract", Prefix=prefix).get("Contents"), "a captured record")
    record = json.loads(s3.get_object(Bucket="contract", Key=entry["Key"])["Body"].read())
    assert record["captureData"]["endpointInput"]["data"] == "1,2"
    assert json.loads(record["captureData"]["endpointOutput"]["data"])["got"] == "1,2"
    assert record["eventMetadata"]["inferenceId"] == "one"
    assert record["eventMetadata"]["customAttributes"] == ["two"]
