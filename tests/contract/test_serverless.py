"""Serverless variants: from zero instances with a request, back to zero when idle, throttled at MaxConcurrency."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

VARIANT = "AllTraffic"
LIMITS = {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
BAD_MODEL = {"REFUSE_TO_START": "1"}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory, serve_with: Any) -> Iterator[Any]:
    """An emulator whose serverless instances are idle soon."""
    with serve_with(tmp_path_factory.mktemp("state"), serverless_idle_s=0.5) as emulator:
        yield emulator


@pytest.fixture
def serverless(hosting: Any) -> Any:
    """Create a serverless endpoint with a name, a model's environment, and other limits."""

    def create(name: str, environment: dict[str, str] | None = None, **limits: int) -> dict[str, Any]:
        hosting.model(name, environment=environment)
        hosting.client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant(name, **limits)])
        return hosting.endpoint(name, name)  # type: ignore[no-any-return]

    return create


def variant(model: str, **limits: int) -> dict[str, Any]:
    return {"VariantName": VARIANT, "ModelName": model, "ServerlessConfig": {**LIMITS, **limits}}


def instances(emulator: Any, endpoint: str) -> int:
    return len(emulator.instance.endpoints.live(endpoint).variants[VARIANT].instances)


def invoked(runtime: Any, endpoint: str, body: bytes = b"hello") -> Any:
    return json.loads(runtime.invoke_endpoint(EndpointName=endpoint, Body=body)["Body"].read())


def is_missing(folder: Path) -> bool:
    return not folder.exists()


def metric(endpoint: str, name: str) -> dict[str, Any] | None:
    dimensions = [{"Name": "EndpointName", "Value": endpoint}, {"Name": "VariantName", "Value": VARIANT}]
    stored = boto3.client("cloudwatch").list_metrics(MetricName=name, Dimensions=dimensions)["Metrics"]
    return stored[0] if stored else None


def test_an_endpoint_comes_from_zero_with_a_request_and_goes_back_when_idle(
    emulator: Any, serverless: Any, runtime: Any, until: Any
) -> None:
    endpoint = serverless("from-zero")
    assert endpoint["EndpointStatus"] == "InService"
    shown = endpoint["ProductionVariants"][0]
    assert (shown["CurrentServerlessConfig"], shown["CurrentInstanceCount"]) == (LIMITS, 0)
    assert "DesiredServerlessConfig" not in shown
    for _ in range(2):
        assert instances(emulator, "from-zero") == 0
        assert invoked(runtime, "from-zero")["got"] == "hello"
        assert instances(emulator, "from-zero") == 1
        until(lambda: instances(emulator, "from-zero") == 0, "the instance to be stopped when it was idle")
    until(lambda: metric("from-zero", "ModelSetupTime"), "the time of the cold start in CloudWatch")


def test_a_request_beyond_max_concurrency_is_throttled(
    serverless: Any, runtime: Any, until: Any, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    waits = f"""
import pathlib, time, uuid
gate = pathlib.Path({str(gate)!r})
(gate.parent / f"reached-{{uuid.uuid4()}}").touch()
while not gate.exists():
    time.sleep(0.01)
handler._answer(200, b'"done"', "application/json")
"""
    serverless("throttled", {"ANSWER": waits})
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(invoked, runtime, "throttled") for _ in range(2)]
        until(lambda: len(list(tmp_path.glob("reached-*"))) == 2, "two requests in two containers")
        with pytest.raises(ClientError, match=r"Rate exceeded.*MaxConcurrency 2") as refused:
            invoked(runtime, "throttled")
        assert refused.value.response["Error"]["Code"] == "ThrottlingException"
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
        gate.touch()
        assert [answer.result() for answer in answers] == ["done", "done"]


def test_provisioned_instances_stay_and_limits_are_updated(
    emulator: Any, serverless: Any, hosting: Any, sagemaker: Any, until: Any
) -> None:
    serverless("provisioned", ProvisionedConcurrency=1)
    assert instances(emulator, "provisioned") == 1
    update = {"MaxConcurrency": 3, "ProvisionedConcurrency": 2}
    desired = [{"VariantName": VARIANT, "ServerlessUpdateConfig": update}]
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="provisioned", DesiredWeightsAndCapacities=desired)
    shown = hosting.settled("provisioned")["ProductionVariants"][0]
    assert shown["CurrentServerlessConfig"] == {**LIMITS, **update}
    assert instances(emulator, "provisioned") == 2
    desired[0]["ServerlessUpdateConfig"] = {"ProvisionedConcurrency": 1}
    sagemaker.update_endpoint_weights_and_capacities(EndpointName="provisioned", DesiredWeightsAndCapacities=desired)
    until(lambda: instances(emulator, "provisioned") == 1, "the instance that is no longer provisioned to be stopped")


def test_the_model_of_the_next_instance_is_unpacked_while_there_is_none(
    emulator: Any, serverless: Any, runtime: Any, sagemaker: Any, until: Any
) -> None:
    serverless("unpacked")
    folder = emulator.instance.endpoints.live("unpacked").variants[VARIANT].launcher.context.instances / "unpacked"
    for _ in range(2):
        until(lambda: list(folder.glob("*/model/model.txt")), "the unpacked model")
        (unpacked,) = folder.iterdir()
        invoked(runtime, "unpacked")
        assert list(folder.iterdir()) == [unpacked]
        until(lambda: instances(emulator, "unpacked") == 0, "the instance to be stopped when it was idle")
        until(partial(is_missing, unpacked), "the folder of the stopped instance to be removed")
    sagemaker.delete_endpoint(EndpointName="unpacked")
    until(lambda: not list(folder.glob("*")), "the unpacked model to be removed with the endpoint")


def test_a_container_has_one_worker_unless_its_model_asks_for_more(serverless: Any, runtime: Any) -> None:
    variable = "SAGEMAKER_MODEL_SERVER_WORKERS"
    answer = f"import os; handler._answer(200, b'\"%s\"' % os.environ['{variable}'].encode(), 'application/json')"
    serverless("one-worker", {"ANSWER": answer})
    assert invoked(runtime, "one-worker") == "1"
    serverless("three-workers", {"ANSWER": answer, variable: "3"})
    assert invoked(runtime, "three-workers") == "3"


def test_a_model_that_cannot_start_fails_at_creation(serverless: Any) -> None:
    endpoint = serverless("no-good", BAD_MODEL)
    assert endpoint["EndpointStatus"] == "Failed"
    assert "this model is no good" in endpoint["FailureReason"]


def test_a_cold_start_that_fails_is_a_model_error(serverless: Any, runtime: Any, tmp_path: Path) -> None:
    once = f"import pathlib; pathlib.Path({str(tmp_path / 'once')!r}).touch(exist_ok=False)"
    assert serverless("starts-once", {"AT_START": once})["EndpointStatus"] == "InService"
    with pytest.raises(ClientError, match=r"(?s)The container could not be started.*FileExistsError") as refused:
        invoked(runtime, "starts-once")
    assert refused.value.response["Error"]["Code"] == "ModelError"


def test_an_endpoint_is_deleted_while_an_instance_starts(
    serverless: Any, runtime: Any, sagemaker: Any, until: Any, tmp_path: Path
) -> None:
    """The instance never finishes its start, so nothing may wait for it."""
    waits = f"""
import pathlib, time
first = not pathlib.Path({str(tmp_path / "first")!r}).exists()
pathlib.Path({str(tmp_path)!r}, "first" if first else "second").touch()
while not first:
    time.sleep(0.01)
"""
    serverless("deleted-early", {"AT_START": waits})
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(invoked, runtime, "deleted-early")
        until((tmp_path / "second").exists, "the cold start")
        sagemaker.delete_endpoint(EndpointName="deleted-early")
        with pytest.raises(ClientError, match="could not be started: The endpoint is being replaced or deleted"):
            answer.result()
    until(lambda: not sagemaker.list_endpoints(NameContains="deleted-early")["Endpoints"], "the end of the endpoint")


def test_a_serverless_endpoint_can_get_instances_but_not_the_reverse(
    serverless: Any, hosting: Any, runtime: Any, sagemaker: Any
) -> None:
    serverless("converted")
    hosting.config("converted-back", {"VariantName": VARIANT, "ModelName": "converted"})
    sagemaker.update_endpoint(EndpointName="converted", EndpointConfigName="converted-back")
    assert hosting.settled("converted")["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert invoked(runtime, "converted")["got"] == "hello"
    with pytest.raises(ClientError, match="cannot convert your instance-based, real-time endpoint to a serverless"):
        sagemaker.update_endpoint(EndpointName="converted", EndpointConfigName="converted")


@pytest.mark.parametrize(
    ("variants", "changes", "message"),
    [
        ([{}, {"VariantName": "Other"}], {}, "Multiple production variants are not supported"),
        ([{"InstanceType": "ml.m5.large"}], {}, "InstanceType cannot be combined with ServerlessConfig"),
        ([{"InitialInstanceCount": 1}], {}, "InitialInstanceCount cannot be combined with ServerlessConfig"),
        ([{}], {"EnableNetworkIsolation": True}, "network isolation is not supported for serverless endpoint"),
        ([{"ServerlessConfig": {**LIMITS, "MemorySizeInMB": 1500}}], {}, "MemorySizeInMB 1500 is not one of 1024"),
        ([{"ServerlessConfig": {**LIMITS, "ProvisionedConcurrency": 3}}], {}, "must be less than or equal to MaxConcu"),
        (
            [{}],
            {
                "DataCaptureConfig": {
                    "InitialSamplingPercentage": 100,
                    "DestinationS3Uri": "s3://contract/captured",
                    "CaptureOptions": [{"CaptureMode": "Input"}],
                }
            },
            "data capture is not supported for serverless endpoint",
        ),
    ],
)
def test_a_configuration_that_aws_refuses_is_refused(
    hosting: Any, sagemaker: Any, variants: list[dict[str, Any]], changes: dict[str, Any], message: str
) -> None:
    if not sagemaker.list_models(NameContains="refused")["Models"]:
        hosting.model("refused")
    wire = [{**variant("refused"), **one} for one in variants]
    with pytest.raises(ClientError, match=message):
        sagemaker.create_endpoint_config(EndpointConfigName="refused", ProductionVariants=wire, **changes)


@pytest.mark.parametrize(
    ("desired", "message"),
    [
        ({"DesiredInstanceCount": 2}, "is serverless: DesiredInstanceCount cannot be applied"),
        ({"ServerlessUpdateConfig": {"ProvisionedConcurrency": 9}}, "ProvisionedConcurrency 9 must be less than or eq"),
    ],
)
def test_an_update_of_limits_that_do_not_fit_is_refused(
    serverless: Any, sagemaker: Any, desired: dict[str, Any], message: str
) -> None:
    if not sagemaker.list_endpoints(NameContains="unfit")["Endpoints"]:
        serverless("unfit")
    with pytest.raises(ClientError, match=message):
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="unfit", DesiredWeightsAndCapacities=[{"VariantName": VARIANT, **desired}]
        )


def test_an_endpoint_serves_from_zero_after_a_restart(restartable: Any, make_hosting: Any, s3: Any) -> None:
    with restartable() as emulator:
        hosting = make_hosting(emulator.client("sagemaker"), s3)
        hosting.model("again-from-zero")
        hosting.client.create_endpoint_config(
            EndpointConfigName="again-from-zero", ProductionVariants=[variant("again-from-zero")]
        )
        hosting.endpoint("again-from-zero", "again-from-zero")
    with restartable() as emulator:
        make_hosting(emulator.client("sagemaker"), s3).settled("again-from-zero")
        assert instances(emulator, "again-from-zero") == 0
        assert invoked(emulator.client("sagemaker-runtime"), "again-from-zero")["got"] == "hello"
