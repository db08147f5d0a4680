"""Shadow variants: copies of requests, captured and counted apart, never returned and never waited for."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.contract.conftest import BUCKET

COMPARE = Path(__file__).parents[2] / "examples" / "shadow" / "compare.py"
SAMPLES = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
}


def prepare(
    hosting: Any, name: str, environment: dict[str, str] | None = None, weight: float = 1.0, **config: Any
) -> None:
    """Create an endpoint whose production variant has the model "production" and its shadow "shadow"."""
    hosting.model(name, "production")
    hosting.model(f"{name}-shadow", "shadow", environment=environment)
    shadow = {
        "VariantName": "Candidate",
        "ModelName": f"{name}-shadow",
        "InitialInstanceCount": 1,
        "InstanceType": "ml.m5.large",
        "InitialVariantWeight": weight,
    }
    hosting.config(name, {"VariantName": "AllTraffic", "ModelName": name}, ShadowProductionVariants=[shadow], **config)
    assert hosting.endpoint(name, name)["EndpointStatus"] == "InService"


def invoked(runtime: Any, endpoint: str, **more: Any) -> tuple[str, str]:
    """Return the variant and the model that answered."""
    answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"hello", ContentType="text/plain", **more)
    return answer["InvokedProductionVariant"], json.loads(answer["Body"].read())["model"]


def invocations_of(endpoint: str, variant: str, metric: str = "Invocations", **more: str) -> float:
    """Return how many invocations of a variant CloudWatch has so far. `more` are further dimensions."""
    cloudwatch = boto3.client("cloudwatch")
    named = {"EndpointName": endpoint, "VariantName": variant, **more}
    dimensions = [{"Name": name, "Value": value} for name, value in named.items()]
    answer = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName=metric,
        Dimensions=dimensions,
        StartTime=0,
        EndTime=4e9,
        Period=60 * 60 * 24 * 365 * 200,
        Statistics=["Sum"],
    )
    return float(sum(point["Sum"] for point in answer["Datapoints"]))


def captured(s3: Any, prefix: str) -> list[tuple[str, dict[str, Any]]]:
    """Return the captured records, each with the variant in its key: one file or more, as time passed between them."""
    records: list[tuple[str, dict[str, Any]]] = []
    for item in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", []):
        lines = s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read().splitlines()
        records += [(item["Key"].split("/")[2], json.loads(line)["captureData"]) for line in lines]
    return records


def captured_answers(s3: Any, prefix: str) -> Counter[str]:
    """Count the captured answers by variant and the model that answered."""
    records = captured(s3, prefix)
    assert {data["endpointInput"]["mode"] for _, data in records} <= {"INPUT"}
    return Counter(f"{variant} {json.loads(data['endpointOutput']['data'])['model']}" for variant, data in records)


def test_a_shadow_gets_copies_that_are_captured_and_counted_and_never_returned(
    hosting: Any, runtime: Any, s3: Any, until: Any
) -> None:
    prepare(hosting, "copied", DataCaptureConfig={**SAMPLES, "DestinationS3Uri": f"s3://{BUCKET}/shadows"})
    assert {invoked(runtime, "copied") for _ in range(20)} == {("AllTraffic", "production")}
    expected = {"AllTraffic production": 20, "Candidate shadow": 20}
    until(lambda: captured_answers(s3, "shadows/copied/") == expected, "the answers of both variants to be captured")
    until(lambda: invocations_of("copied", "Candidate") == 20, "the copies to be counted")
    assert invocations_of("copied", "AllTraffic") == 20


def test_the_weight_of_a_shadow_is_its_share_of_the_requests(hosting: Any, runtime: Any, until: Any) -> None:
    prepare(hosting, "halved", weight=0.5)
    for _ in range(20):
        invoked(runtime, "halved", TargetVariant="AllTraffic")
    until(lambda: invocations_of("halved", "AllTraffic") == 20, "the invocations to be counted")
    until(lambda: 9 <= invocations_of("halved", "Candidate") <= 11, "the copies to be counted")


def test_a_shadow_that_fails_is_counted_and_the_caller_does_not_notice(hosting: Any, runtime: Any, until: Any) -> None:
    prepare(hosting, "failing", {"ANSWER": "handler._answer(500, b'broken', 'text/plain')"})
    assert {invoked(runtime, "failing") for _ in range(5)} == {("AllTraffic", "production")}
    until(lambda: invocations_of("failing", "Candidate", "Invocation5XXErrors") == 5, "the shadow's errors")
    assert invocations_of("failing", "AllTraffic", "Invocation5XXErrors") == 0


def test_a_caller_does_not_wait_for_a_shadow(hosting: Any, runtime: Any, tmp_path: Path, until: Any) -> None:
    gate = tmp_path / "gate"
    waits = f"""
import pathlib, time
while not pathlib.Path({str(gate)!r}).exists():
    time.sleep(0.01)
handler._answer(200, b'"late"', "application/json")
"""
    prepare(hosting, "waiting", {"ANSWER": waits})
    assert {invoked(runtime, "waiting") for _ in range(5)} == {("AllTraffic", "production")}
    assert invocations_of("waiting", "Candidate") == 0  # all of them still wait
    gate.touch()
    until(lambda: invocations_of("waiting", "Candidate") == 5, "the copies to be answered")


def test_an_endpoint_and_its_configuration_show_the_shadow(hosting: Any, sagemaker: Any) -> None:
    prepare(hosting, "shown", weight=0.25)
    (shadow,) = sagemaker.describe_endpoint(EndpointName="shown")["ShadowProductionVariants"]
    assert shadow["VariantName"] == "Candidate"
    assert (shadow["CurrentWeight"], shadow["DesiredWeight"]) == (0.25, 0.25)
    assert (shadow["CurrentInstanceCount"], shadow["DesiredInstanceCount"]) == (1, 1)
    assert shadow["DeployedImages"][0]["SpecifiedImage"].endswith("/contract:1")
    (wire,) = sagemaker.describe_endpoint_config(EndpointConfigName="shown")["ShadowProductionVariants"]
    assert wire["ModelName"] == "shown-shadow"


def test_an_update_removes_a_shadow(hosting: Any, sagemaker: Any, runtime: Any) -> None:
    prepare(hosting, "promoted")
    hosting.config("promoted-new", {"VariantName": "AllTraffic", "ModelName": "promoted-shadow"})
    sagemaker.update_endpoint(EndpointName="promoted", EndpointConfigName="promoted-new")
    assert "ShadowProductionVariants" not in hosting.settled("promoted")
    assert invoked(runtime, "promoted") == ("AllTraffic", "shadow")


def test_after_an_update_the_copies_are_counted_for_the_configuration_too(
    hosting: Any, sagemaker: Any, runtime: Any, until: Any
) -> None:
    prepare(hosting, "compared")
    shadow = sagemaker.describe_endpoint_config(EndpointConfigName="compared")["ShadowProductionVariants"]
    variant = {"VariantName": "AllTraffic", "ModelName": "compared"}
    hosting.config("compared-new", variant, ShadowProductionVariants=shadow)
    sagemaker.update_endpoint(EndpointName="compared", EndpointConfigName="compared-new")
    hosting.settled("compared")
    for _ in range(3):
        invoked(runtime, "compared")
    counted = partial(invocations_of, "compared", EndpointConfigName="compared-new")
    for name in ("Candidate", "AllTraffic"):
        until(lambda name=name: counted(name) == 3, f"invocations of {name} to be counted for the configuration")


def test_a_report_compares_the_shadow_with_the_production_variant(
    hosting: Any, runtime: Any, s3: Any, until: Any, emulator: Any
) -> None:
    answers = {"ANSWER": "handler._answer(200, b'[0.1,0.9]' if body == b'b' else b'[0.9,0.1]', 'application/json')"}
    prepare(hosting, "reported", answers, DataCaptureConfig={**SAMPLES, "DestinationS3Uri": f"s3://{BUCKET}/reports"})
    for request in (b"a", b"b", b"b"):
        runtime.invoke_endpoint(EndpointName="reported", Body=request, ContentType="text/plain")
    until(lambda: invocations_of("reported", "Candidate") == 3, "the copies to be counted")
    until(lambda: len(captured(s3, "reports/reported/")) == 6, "the records of both variants")
    run = subprocess.run(
        [sys.executable, str(COMPARE), "reported", "AllTraffic", "Candidate"],
        env=os.environ | {"AWS_ENDPOINT_URL_SAGEMAKER": emulator.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert "| AllTraffic | 3 | 0 |" in run.stdout
    assert "| Candidate | 3 | 0 |" in run.stdout
    assert "2 requests were answered by both, 0 of them alike." in run.stdout
    assert "[0.1,0.9]" in run.stdout


@pytest.mark.parametrize(
    ("production", "shadows", "message"),
    [
        (["A"], ["B", "C"], "only one production and one shadow variant"),
        (["A", "B"], ["C"], "only one production and one shadow variant"),
        (["A"], ["A"], "must be unique"),
    ],
)
def test_a_shadow_needs_one_production_variant(
    hosting: Any, production: list[str], shadows: list[str], message: str
) -> None:
    base = {"ModelName": "shadowed", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    with pytest.raises(ClientError, match=message):
        hosting.config(
            "refused",
            *({**base, "VariantName": name} for name in production),
            ShadowProductionVariants=[{**base, "VariantName": name} for name in shadows],
        )


@pytest.fixture(scope="module", autouse=True)
def shadowed(hosting: Any) -> None:
    hosting.model("shadowed")
