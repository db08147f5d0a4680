"""Multi-model endpoints as boto3 sees them: models are loaded when they are invoked, and unloaded to make room."""

from __future__ import annotations

import io
import json
import os
import tarfile
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
MODELS = ("a", "b", "c", "d", "e")
SMALL = {"ml.m5.large": {"vcpus": 1, "memory_gib": 0.0021}}  # 2.25 MB: room for two of these models
MODEL_BYTES = 1_000_000


def archive(text: str, size: int) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in (("model.txt", text.encode()), ("weights", os.urandom(size))):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return packed.getvalue()


def put_models(s3: Any, prefix: str, *names: str, size: int = 10) -> None:
    for name in names:
        s3.put_object(Bucket="contract", Key=f"mme/{prefix}/{name}.tar.gz", Body=archive(name, size))


def serve(hosting: Any, name: str, count: int = 1, cache: str | None = None, **environment: str) -> dict[str, Any]:
    container = {
        "Image": IMAGE,
        "Mode": "MultiModel",
        "ModelDataUrl": f"s3://contract/mme/{name}/",
        "Environment": environment,
        **({"MultiModelConfig": {"ModelCacheSetting": cache}} if cache else {}),
    }
    hosting.client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
    hosting.config(name, {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": count})
    described: dict[str, Any] = hosting.endpoint(name, name)
    return described


def invoke(runtime: Any, endpoint: str, model: str, body: bytes = b"x") -> dict[str, Any]:
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, TargetModel=model)
    parsed: dict[str, Any] = json.loads(answer["Body"].read())
    return parsed


def metric(name: str, endpoint: str, namespace: str = "AWS/SageMaker") -> list[float]:
    """Return sum and sample count of a metric of the endpoint's variant, so far."""
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": "AllTraffic"}]
    points = boto3.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=name,
        Dimensions=dimensions,
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2040-01-01T00:00:00Z",
        Period=86400 * 365,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    return [sum(point["Sum"] for point in points), sum(point["SampleCount"] for point in points)]


def test_five_models_share_an_instance_with_memory_for_two(
    restartable: Any, make_hosting: Any, s3: Any, until: Any
) -> None:
    put_models(s3, "five", *MODELS, size=MODEL_BYTES)
    with restartable(instance_types=SMALL) as emulator:
        serve(make_hosting(emulator.client("sagemaker"), s3), "five")
        runtime = emulator.client("sagemaker-runtime")
        asked = [*MODELS, *MODELS, "e", "d", "e"]
        answers = [invoke(runtime, "five", f"{name}.tar.gz") for name in asked]
    assert answers == [{"model": name, "target": f"{name}.tar.gz"} for name in asked]
    assert metric("ModelCacheHit", "five") == [3, 13]
    assert metric("ModelLoadingTime", "five")[1] == 10
    assert metric("ModelUnloadingTime", "five")[1] == 8
    assert metric("ModelLoadingWaitTime", "five")[1] == 10
    assert metric("ModelDownloadingTime", "five")[1] == 10
    assert metric("LoadedModelCount", "five", "/aws/sagemaker/Endpoints")[0] >= 2


def test_a_container_without_memory_gets_room_and_is_asked_again(hosting: Any, runtime: Any, s3: Any) -> None:
    put_models(s3, "full", "a", "b", "c")
    serve(hosting, "full", MODELS_MAX="2")
    assert [invoke(runtime, "full", f"{name}.tar.gz")["model"] for name in "abcab"] == list("abcab")


def test_a_model_in_use_is_not_unloaded(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    put_models(s3, "in-use", "a", "b")
    serve(hosting, "in-use", MODELS_MAX="1")
    invoke(runtime, "in-use", "a.tar.gz")
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(invoke, runtime, "in-use", "a.tar.gz", b"sleep 1")
        other = pool.submit(invoke, runtime, "in-use", "b.tar.gz")
        assert (slow.result()["model"], other.result()["model"]) == ("a", "b")


def test_requests_at_once_for_a_new_model_load_it_once(hosting: Any, runtime: Any, s3: Any) -> None:
    put_models(s3, "at-once", "a")
    serve(hosting, "at-once", LOAD_S="0.5")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: invoke(runtime, "at-once", "a.tar.gz"), range(8)))
    assert {answer["model"] for answer in answers} == {"a"}


def test_a_model_that_loads_too_slowly_is_not_ready_and_goes_on_loading(
    restartable: Any, make_hosting: Any, s3: Any, until: Any
) -> None:
    put_models(s3, "slow", "a")
    with restartable(invocation_timeout_s=1.0) as emulator:
        serve(make_hosting(emulator.client("sagemaker"), s3), "slow", LOAD_S="3")
        runtime = emulator.client("sagemaker-runtime")
        with pytest.raises(ClientError, match="still downloading or loading the target model") as error:
            invoke(runtime, "slow", "a.tar.gz")
        assert error.value.response["Error"]["Code"] == "ModelNotReadyException"
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 429

        def answer() -> dict[str, Any] | None:
            try:
                return invoke(runtime, "slow", "a.tar.gz")
            except ClientError:
                return None

        assert until(answer, "the model to be loaded")["model"] == "a"


def test_a_model_that_cannot_be_loaded_is_a_model_error(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    put_models(s3, "no-good", "a", "broken")
    serve(hosting, "no-good")
    with pytest.raises(runtime.exceptions.ModelError, match=r"server error \(500\) from primary") as error:
        invoke(runtime, "no-good", "broken.tar.gz")
    assert error.value.response["OriginalMessage"] == "this model is no good"
    assert invoke(runtime, "no-good", "a.tar.gz")["model"] == "a"
    until(lambda: metric("Invocation5XXErrors", "no-good") == [1, 2], "the error to be counted")


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("missing.tar.gz", r"Failed to download model data\(bucket: contract, key: mme/refused/missing.tar.gz\)"),
        ("text.tar.gz", "Failed to extract model data archive from URL"),
        ("../full/a.tar.gz", "is not a path relative to the prefix"),
        ("a/../../b", "is not a path relative to the prefix"),
    ],
)
def test_a_target_that_is_no_model_is_a_validation_error(
    hosting: Any, runtime: Any, s3: Any, target: str, message: str
) -> None:
    if not s3.list_objects_v2(Bucket="contract", Prefix="mme/refused/").get("Contents"):
        s3.put_object(Bucket="contract", Key="mme/refused/text.tar.gz", Body=b"no archive")
        serve(hosting, "refused")
    with pytest.raises(ClientError, match=message) as error:
        invoke(runtime, "refused", target)
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_a_request_without_a_target_model_is_a_validation_error(hosting: Any, runtime: Any, s3: Any) -> None:
    put_models(s3, "no-target", "a")
    serve(hosting, "no-target")
    with pytest.raises(ClientError, match="is missing a target model header") as error:
        runtime.invoke_endpoint(EndpointName="no-target", Body=b"x")
    assert error.value.response["Error"]["Code"] == "ValidationError"


def test_a_container_that_crashed_loads_its_models_again(hosting: Any, runtime: Any, s3: Any, until: Any) -> None:
    put_models(s3, "crash", "a")
    serve(hosting, "crash")
    invoke(runtime, "crash", "a.tar.gz")
    with pytest.raises(runtime.exceptions.ModelError):
        invoke(runtime, "crash", "a.tar.gz", b"die")

    def answer() -> dict[str, Any] | None:
        try:
            return invoke(runtime, "crash", "a.tar.gz")
        except ClientError:
            return None

    assert until(answer, "the container to be back")["model"] == "a"


def test_without_a_cache_a_model_is_unloaded_after_its_invocation(
    hosting: Any, runtime: Any, s3: Any, emulator: Any, until: Any
) -> None:
    put_models(s3, "uncached", "a")
    serve(hosting, "uncached", cache="Disabled")
    assert invoke(runtime, "uncached", "a.tar.gz")["model"] == "a"
    folder = emulator.instance.settings.state_dir / "endpoints" / "instances" / "uncached"
    until(lambda: not list(folder.glob("*/models/*")), "the model's files to be deleted")
    assert invoke(runtime, "uncached", "a.tar.gz")["model"] == "a"


def test_requests_for_a_model_stay_with_the_instance_that_has_it(hosting: Any, runtime: Any, s3: Any) -> None:
    put_models(s3, "sticky", "a")
    serve(hosting, "sticky", count=2)
    for _ in range(6):
        invoke(runtime, "sticky", "a.tar.gz")
    assert metric("ModelDownloadingTime", "sticky")[1] <= 1


def test_a_pipeline_can_have_a_multi_model_container(hosting: Any, runtime: Any, s3: Any) -> None:
    put_models(s3, "in-row", "a", "b")
    first = {"Image": IMAGE, "Environment": {"ANSWER": "handler._answer(200, body + b'!', 'text/plain')"}}
    second = {"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": "s3://contract/mme/in-row/"}
    hosting.client.create_model(ModelName="in-row", Containers=[first, second], ExecutionRoleArn=ROLE)
    hosting.config("in-row", {"VariantName": "AllTraffic", "ModelName": "in-row"})
    hosting.endpoint("in-row", "in-row")
    assert [invoke(runtime, "in-row", f"{name}.tar.gz")["model"] for name in "ab"] == ["a", "b"]


@pytest.mark.parametrize(
    ("container", "message"),
    [
        ({"ModelDataUrl": "s3://contract/mme/nothing-there/"}, "Could not find model data at"),
        ({}, "needs a ModelDataUrl: the prefix of its models"),
    ],
)
def test_a_multi_model_container_needs_the_prefix_of_its_models(
    sagemaker: Any, container: dict[str, Any], message: str
) -> None:
    primary = {"Image": IMAGE, "Mode": "MultiModel", **container}
    with pytest.raises(ClientError, match=message):
        sagemaker.create_model(ModelName="no-prefix", PrimaryContainer=primary, ExecutionRoleArn=ROLE)


def test_models_with_targets_are_refused_for_asynchronous_endpoints(hosting: Any, s3: Any) -> None:
    put_models(s3, "no-async", "a")
    container = {"Image": IMAGE, "Mode": "MultiModel", "ModelDataUrl": "s3://contract/mme/no-async/"}
    hosting.client.create_model(ModelName="no-async", PrimaryContainer=container, ExecutionRoleArn=ROLE)
    output = {"OutputConfig": {"S3OutputPath": "s3://contract/out"}}
    with pytest.raises(ClientError, match="has a multi-model container, which AsyncInferenceConfig does not support"):
        hosting.config("no-async", {"VariantName": "A", "ModelName": "no-async"}, AsyncInferenceConfig=output)


def test_a_model_that_the_container_does_not_know_any_more_is_loaded_again(hosting: Any, runtime: Any, s3: Any) -> None:
    put_models(s3, "forgetful", "a")
    serve(hosting, "forgetful")
    invoke(runtime, "forgetful", "a.tar.gz")
    with pytest.raises(runtime.exceptions.ModelError, match=r"client error \(404\)"):
        invoke(runtime, "forgetful", "a.tar.gz", b"forget")
    assert invoke(runtime, "forgetful", "a.tar.gz")["model"] == "a"
