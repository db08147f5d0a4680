"""Inference pipelines and multi-container endpoints as boto3 sees them."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"

# Each container adds its letter; its answer also tells which headers it got.
APPEND = """
import os
answer = body + os.environ["LETTER"].encode()
told = ",".join(f"{name}={handler.headers[name]}" for name in ("Content-Type", "Accept"))
answer += b" (" + told.encode() + b")"
handler._answer(int(os.environ.get("STATUS", "200")), answer, "text/" + os.environ["LETTER"])
"""


def container(letter: str, **environment: str) -> dict[str, Any]:
    return {"Image": IMAGE, "Environment": {"ANSWER": APPEND, "LETTER": letter, **environment}}


def serve(hosting: Any, name: str, containers: list[dict[str, Any]], mode: str | None = None) -> dict[str, Any]:
    execution = {"InferenceExecutionConfig": {"Mode": mode}} if mode else {}
    hosting.client.create_model(ModelName=name, Containers=containers, ExecutionRoleArn=ROLE, **execution)
    hosting.config(name, {"VariantName": "AllTraffic", "ModelName": name})
    described: dict[str, Any] = hosting.endpoint(name, name)
    return described


def invoke(runtime: Any, endpoint: str, **more: Any) -> str:
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, Body=b"x", ContentType="text/plain", Accept="text/csv", **more
    )
    text: str = answer["Body"].read().decode()
    return text


def test_the_answer_of_one_container_is_the_request_of_the_next(hosting: Any, runtime: Any) -> None:
    endpoint = serve(hosting, "three", [container("a"), container("b"), container("c")])
    assert endpoint["EndpointStatus"] == "InService"
    assert [one["SpecifiedImage"] for one in endpoint["ProductionVariants"][0]["DeployedImages"]] == [IMAGE] * 3
    first = "xa (Content-Type=text/plain,Accept=None)"
    second = f"{first}b (Content-Type=text/a,Accept=None)"
    assert invoke(runtime, "three") == f"{second}c (Content-Type=text/b,Accept=text/csv)"


def test_containers_of_a_pipeline_have_folders_ports_and_logs_of_their_own(
    hosting: Any, runtime: Any, until: Any
) -> None:
    own = (
        "import os; answer = body + f\"{os.environ['SAGEMAKER_BIND_TO_PORT']} {(BASE / 'model/model.txt').read_text()} "
        "\".encode(); print('asked', flush=True); handler._answer(200, answer, 'text/plain')"
    )
    containers = []
    for name in ("one", "two"):
        hosting.model(f"own-{name}", name)
        url = f"s3://contract/models/own-{name}/model.tar.gz"
        containers.append(
            {"Image": IMAGE, "ContainerHostname": name, "ModelDataUrl": url, "Environment": {"ANSWER": own}}
        )
    serve(hosting, "own", containers)
    port_one, one, port_two, two = invoke(runtime, "own").removeprefix("x").split()
    assert (one, two) == ("one", "two")
    assert port_one != port_two
    logs = boto3.client("logs")

    def streams() -> list[str]:
        try:
            found = logs.describe_log_streams(logGroupName="/aws/sagemaker/Endpoints/own")["logStreams"]
        except logs.exceptions.ResourceNotFoundException:
            return []
        return sorted(stream["logStreamName"].rpartition("/")[2] for stream in found)

    assert until(lambda: streams() if len(streams()) == 2 else None, "two log streams") == ["one", "two"]


def test_an_error_in_the_middle_ends_the_passage_and_names_the_container(hosting: Any, runtime: Any) -> None:
    serve(hosting, "middle", [container("a"), container("b", STATUS="415"), container("c")])
    with pytest.raises(runtime.exceptions.ModelError, match=r"client error \(415\) from container-2") as error:
        invoke(runtime, "middle")
    assert error.value.response["OriginalMessage"].startswith("xa")
    assert "c (" not in error.value.response["OriginalMessage"]


def test_a_pipeline_is_not_in_service_when_one_container_does_not_start(hosting: Any) -> None:
    endpoint = serve(hosting, "broken-row", [container("a"), container("b", REFUSE_TO_START="1")])
    assert endpoint["EndpointStatus"] == "Failed"
    assert "The container container-2 exited with code 1" in endpoint["FailureReason"]


def test_each_container_of_a_pipeline_has_metrics(hosting: Any, runtime: Any, until: Any) -> None:
    serve(hosting, "measured", [container("a"), container("b")])
    invoke(runtime, "measured")
    cloudwatch = boto3.client("cloudwatch")

    def latencies() -> set[str] | None:
        metrics = cloudwatch.list_metrics(Namespace="AWS/SageMaker", MetricName="ContainerLatency")["Metrics"]
        dimensions = [{one["Name"]: one["Value"] for one in metric["Dimensions"]} for metric in metrics]
        found = {one["ContainerName"] for one in dimensions if one["EndpointName"] == "measured"}
        return found if len(found) == 2 else None

    assert until(latencies, "the latencies of two containers") == {"container-1", "container-2"}


def test_a_direct_invocation_reaches_the_named_container_alone(hosting: Any, runtime: Any) -> None:
    containers = [{**container(letter), "ContainerHostname": letter} for letter in ("a", "b")]
    serve(hosting, "direct", containers, "Direct")
    assert invoke(runtime, "direct", TargetContainerHostname="b") == "xb (Content-Type=text/plain,Accept=text/csv)"
    assert invoke(runtime, "direct", TargetContainerHostname="a").startswith("xa ")
    for more, message in (({}, "is missing a target container hostname"), ({"TargetContainerHostname": "c"}, "c was")):
        with pytest.raises(ClientError, match=message) as error:
            invoke(runtime, "direct", **more)
        assert error.value.response["Error"]["Code"] == "ValidationError"


def test_targets_that_an_endpoint_does_not_have_are_refused(hosting: Any, runtime: Any) -> None:
    hosting.simple("plain")
    with pytest.raises(ClientError, match="plain is not a multi-model endpoint and does not support target model"):
        invoke(runtime, "plain", TargetModel="a.tar.gz")
    with pytest.raises(ClientError, match="plain is not configured for direct invocation"):
        invoke(runtime, "plain", TargetContainerHostname="a")


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "A model needs a container"),
        ({"Containers": [container("a")], "PrimaryContainer": container("b")}, "Both PrimaryContainer and Containers"),
        ({"Containers": [{**container("a"), "ContainerHostname": "a"}, container("b")]}, "1 of 2 containers have a"),
        ({"Containers": [{**container("a"), "ContainerHostname": "a"}] * 2}, "ContainerHostname must be unique"),
        ({"Containers": [container("a"), {"Environment": {}}]}, "Container container-2 needs an Image"),
    ],
)
def test_a_model_whose_containers_contradict_each_other_is_refused(
    sagemaker: Any, request_: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as error:
        sagemaker.create_model(ModelName="contradiction", ExecutionRoleArn=ROLE, **request_)
    assert error.value.response["Error"]["Code"] == "ValidationException"


def test_a_pipeline_is_captured_as_one_invocation(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    hosting.client.create_model(
        ModelName="captured-row", Containers=[container("a"), container("b")], ExecutionRoleArn=ROLE
    )
    options = [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}]
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": "s3://contract/captured-row",
        "CaptureOptions": options,
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/plain", "text/b"]},
    }
    variant = {"VariantName": "AllTraffic", "ModelName": "captured-row"}
    hosting.config("captured-row", variant, DataCaptureConfig=capture)
    hosting.endpoint("captured-row", "captured-row")
    answer = invoke(runtime, "captured-row")
    keys = until(
        lambda: s3.list_objects_v2(Bucket="contract", Prefix="captured-row/").get("Contents"), "captured records"
    )
    record = json.loads(s3.get_object(Bucket="contract", Key=keys[0]["Key"])["Body"].read())["captureData"]
    assert (record["endpointInput"]["data"], record["endpointOutput"]["data"]) == ("x", answer)
