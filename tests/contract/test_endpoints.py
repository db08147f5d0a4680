"""Endpoints and InvokeEndpoint as boto3 sees them: in service, invoked, failing, crashing, deleted."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

ANSWER_ITS_NAME_WHEN_OPENED = """
import json, pathlib, time
gate, name = pathlib.Path({gate!r}), handler.server.server_port
(gate.parent / f"busy-{{name}}").touch()
while not gate.exists():
    time.sleep(0.01)
handler._answer(200, json.dumps(name).encode(), "application/json")
"""


def invoked(runtime: Any, endpoint: str, body: bytes = b"hello", **more: Any) -> dict[str, Any]:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType="text/plain", **more)
    return {**answer, "Body": json.loads(answer["Body"].read())}


def test_an_endpoint_comes_into_service_and_answers(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    endpoint = hosting.simple("answers", "v1")
    sagemaker.get_waiter("endpoint_in_service").wait(EndpointName="answers", WaiterConfig={"Delay": 1})
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    answer = invoked(runtime, "answers")
    assert answer["Body"] == {"model": "v1", "got": "hello", "type": "text/plain"}
    assert answer["ContentType"] == "application/json"
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_custom_attributes_reach_the_container_and_come_back(hosting: Any, runtime: Any) -> None:
    hosting.simple("attributes")
    assert invoked(runtime, "attributes", CustomAttributes="trace=7")["CustomAttributes"] == "trace=7"


def test_an_error_of_the_container_is_a_model_error_with_its_status(hosting: Any, runtime: Any) -> None:
    hosting.simple("wrong")
    with pytest.raises(runtime.exceptions.ModelError, match=r"Received client error \(415\) from primary") as error:
        invoked(runtime, "wrong", b"status 415")
    response = error.value.response
    assert response["OriginalStatusCode"] == 415
    assert response["OriginalMessage"] == "as you wish"
    assert response["ResponseMetadata"]["HTTPStatusCode"] == 424


def test_a_container_that_answers_too_late_is_a_model_error(restartable: Any, make_hosting: Any, s3: Any) -> None:
    with restartable(invocation_timeout_s=1.0) as emulator:
        make_hosting(emulator.client("sagemaker"), s3).simple("late")
        runtime = emulator.client("sagemaker-runtime")
        with pytest.raises(runtime.exceptions.ModelError, match="timed out while waiting for a response"):
            invoked(runtime, "late", b"sleep 3")


def test_a_missing_endpoint_is_a_validation_error(runtime: Any) -> None:
    with pytest.raises(ClientError, match="Endpoint missing of account 000000000000 not found") as error:
        invoked(runtime, "missing")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_an_endpoint_that_cannot_start_fails_with_the_end_of_its_log(hosting: Any) -> None:
    hosting.model("broken", environment={"REFUSE_TO_START": "1"})
    hosting.config("broken", {"VariantName": "AllTraffic", "ModelName": "broken"})
    endpoint = hosting.endpoint("broken", "broken")
    assert endpoint["EndpointStatus"] == "Failed"
    assert "exited with code 1" in endpoint["FailureReason"]
    assert "this model is no good" in endpoint["FailureReason"]


def test_missing_model_data_fails_the_endpoint(hosting: Any, s3: Any) -> None:
    hosting.model("gone")
    s3.delete_object(Bucket="contract", Key="models/gone/model.tar.gz")
    hosting.config("gone", {"VariantName": "AllTraffic", "ModelName": "gone"})
    assert "could not be read from S3" in hosting.endpoint("gone", "gone")["FailureReason"]


def test_variants_share_traffic_by_weight_and_answer_by_name(hosting: Any, runtime: Any) -> None:
    hosting.model("blue", "blue")
    hosting.model("green", "green")
    hosting.config(
        "two",
        {"VariantName": "Blue", "ModelName": "blue", "InitialVariantWeight": 1.0},
        {"VariantName": "Green", "ModelName": "green", "InitialVariantWeight": 0.0},
    )
    hosting.endpoint("two", "two")
    assert {invoked(runtime, "two")["InvokedProductionVariant"] for _ in range(10)} == {"Blue"}
    assert invoked(runtime, "two", TargetVariant="Green")["Body"]["model"] == "green"
    with pytest.raises(ClientError, match="Variant Red was not found"):
        invoked(runtime, "two", TargetVariant="Red")


def test_two_requests_at_once_go_to_two_instances(
    hosting: Any, runtime: Any, sagemaker: Any, until: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    hosting.model("pair", environment={"ANSWER": ANSWER_ITS_NAME_WHEN_OPENED.format(gate=str(gate))})
    hosting.config("pair", {"VariantName": "AllTraffic", "ModelName": "pair", "InitialInstanceCount": 2})
    hosting.endpoint("pair", "pair")
    assert sagemaker.describe_endpoint(EndpointName="pair")["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(invoked, runtime, "pair")]
        until(lambda: len(list(tmp_path.glob("busy-*"))) == 1, "the first request to reach its instance")
        answers.append(pool.submit(invoked, runtime, "pair"))
        until(lambda: len(list(tmp_path.glob("busy-*"))) == 2, "the second request to reach the other instance")
        gate.touch()
        assert len({answer.result()["Body"] for answer in answers}) == 2


def test_a_crashed_instance_restarts(hosting: Any, runtime: Any, sagemaker: Any, until: Any) -> None:
    hosting.simple("phoenix")
    with pytest.raises(runtime.exceptions.ModelError):
        invoked(runtime, "phoenix", b"die")

    def answers() -> bool:
        try:
            return bool(invoked(runtime, "phoenix"))
        except ClientError:
            return False

    until(answers, "the instance to answer again")
    assert sagemaker.describe_endpoint(EndpointName="phoenix")["EndpointStatus"] == "InService"


def test_deleting_an_endpoint_ends_its_containers(hosting: Any, runtime: Any, sagemaker: Any) -> None:
    hosting.simple("deleted")
    sagemaker.delete_endpoint(EndpointName="deleted")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="deleted", WaiterConfig={"Delay": 1})
    with pytest.raises(ClientError, match=r'Could not find endpoint "arn:aws:sagemaker:.*:endpoint/deleted"'):
        sagemaker.describe_endpoint(EndpointName="deleted")
    with pytest.raises(ClientError, match="not found"):
        invoked(runtime, "deleted")


def test_invocations_are_counted_in_cloudwatch(hosting: Any, runtime: Any, until: Any) -> None:
    hosting.simple("counted")
    for _ in range(3):
        invoked(runtime, "counted")
    cloudwatch = boto3.client("cloudwatch")
    wanted = {"Namespace": "AWS/SageMaker", "MetricName": "Invocations"}
    dimension = {"Name": "EndpointName", "Value": "counted"}
    until(lambda: cloudwatch.list_metrics(**wanted, Dimensions=[dimension])["Metrics"], "the metric")


def test_an_operation_that_is_not_emulated_is_refused_by_name(sagemaker: Any) -> None:
    with pytest.raises(ClientError, match="The operation ListClusters is not emulated"):
        sagemaker.list_clusters()


def test_requests_go_to_the_instances_that_are_left(hosting: Any, runtime: Any) -> None:
    hosting.model("hardy")
    hosting.config("hardy", {"VariantName": "AllTraffic", "ModelName": "hardy", "InitialInstanceCount": 2})
    hosting.endpoint("hardy", "hardy")
    with pytest.raises(runtime.exceptions.ModelError):
        invoked(runtime, "hardy", b"die")
    assert [invoked(runtime, "hardy")["Body"]["model"] for _ in range(20)] == ["v1"] * 20


def test_a_request_without_a_healthy_instance_counts_as_a_server_error(
    hosting: Any, runtime: Any, until: Any, tmp_path: Path
) -> None:
    ran = tmp_path / "ran"
    once = f"import os\nif os.path.exists({str(ran)!r}): os._exit(1)\nopen({str(ran)!r}, 'w').close()"
    hosting.model("out", environment={"AT_START": once})
    hosting.config("out", {"VariantName": "AllTraffic", "ModelName": "out"})
    hosting.endpoint("out", "out")
    once_each = Config(retries={"total_max_attempts": 1})
    client = boto3.client("sagemaker-runtime", endpoint_url=runtime.meta.endpoint_url, config=once_each)
    codes = [failure_of(client, "out", b"die") for _ in range(4)]
    assert set(codes) == {"ModelError", "ServiceUnavailable"}
    until(lambda: total("out", "Invocations") == 4, "every request to be counted")
    assert total("out", "Invocation5XXErrors") == 4
    assert total("out", "ModelLatency", "SampleCount") == codes.count("ModelError")


def failure_of(runtime: Any, endpoint: str, body: bytes) -> str:
    with pytest.raises(ClientError) as caught:
        invoked(runtime, endpoint, body)
    return str(caught.value.response["Error"]["Code"])


def total(endpoint: str, metric: str, statistic: str = "Sum") -> float:
    now = datetime.now(UTC)
    dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic"}
    points = boto3.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(hours=1),
        EndTime=now + timedelta(minutes=1),
        Period=86400,
        Statistics=[statistic],
    )
    return sum(float(point[statistic]) for point in points["Datapoints"])


def test_pauses_grow_before_a_container_that_keeps_crashing_is_started_again(
    hosting: Any, runtime: Any, until: Any, tmp_path: Path
) -> None:
    """Each start appends the time and, except for the first, crashes: what lies between two is at least the pause."""
    starts = tmp_path / "starts"
    program = f"import os, time\nwith open({str(starts)!r}, 'a') as f: print(time.time(), file=f)"
    program += f"\nif len(open({str(starts)!r}).readlines()) > 1: os._exit(1)"
    hosting.model("mortal", environment={"AT_START": program})
    hosting.config("mortal", {"VariantName": "AllTraffic", "ModelName": "mortal"})
    assert hosting.endpoint("mortal", "mortal")["EndpointStatus"] == "InService"
    with pytest.raises(runtime.exceptions.ModelError):
        invoked(runtime, "mortal", b"die")
    until(lambda: len(starts.read_text().splitlines()) >= 4, "three restarts")
    second, third, fourth = [float(line) for line in starts.read_text().splitlines()[1:4]]
    assert third - second >= 1
    assert fourth - third >= 2


def test_a_member_for_a_feature_that_is_not_emulated_is_refused_by_name(runtime: Any) -> None:
    with pytest.raises(ClientError, match="cannot be invoked with EnableExplanations") as error:
        invoked(runtime, "answers", EnableExplanations="x")
    assert error.value.response["Error"]["Code"] == "ValidationError"
