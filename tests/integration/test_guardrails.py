"""Guarded updates of an endpoint under 20 requests a second: CloudWatch's alarms, real containers, real traffic."""

from __future__ import annotations

import io
import json
import random
import tarfile
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.integration.conftest import COLOR_MODEL
from tests.integration.red_and_blue import picture
from tests.steady_traffic import SteadyTraffic
from tests.waiting import until

NAME = f"guarded-{uuid4().hex[:6]}"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
REQUESTS_PER_S = 20
BEGINS_WITHIN_S = 2.0
RED, BLUE = [0.8, 0.2, 0.2], [0.2, 0.2, 0.8]
MODELS = {"old": "answer", "new": "lie", "bad": "fail"}  # the action of each model for a red image


def outcome(runtime: Any, image: bytes) -> str:
    """Return the name of the model that answered, or "error"."""
    try:
        answer = runtime.invoke_endpoint(EndpointName=NAME, Body=image, ContentType="image/png")
    except ClientError:
        return "error"
    red, blue = json.loads(answer["Body"].read())
    return "old" if red > blue else "new"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[None]:
    """Create the models and an endpoint with two instances that serve the old one."""
    bucket, sagemaker = f"{NAME}-models", boto3.client("sagemaker")
    boto3.client("s3").create_bucket(Bucket=bucket)
    for model, at_endpoint in MODELS.items():
        uri = f"s3://{bucket}/{model}/model.tar.gz"
        boto3.client("s3").put_object(Bucket=bucket, Key=f"{model}/model.tar.gz", Body=archive(at_endpoint))
        name = f"{NAME}-{model}"
        container = {"Image": COLOR_MODEL, "ModelDataUrl": uri}
        sagemaker.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE)
        variant = {"VariantName": "AllTraffic", "ModelName": name, "InstanceType": "ml.m5.large"}
        sagemaker.create_endpoint_config(
            EndpointConfigName=name, ProductionVariants=[{**variant, "InitialInstanceCount": 2}]
        )
    sagemaker.create_endpoint(EndpointName=NAME, EndpointConfigName=f"{NAME}-old")
    settled()
    yield
    sagemaker.delete_endpoint(EndpointName=NAME)


def archive(at_endpoint: str) -> bytes:
    body, packed = json.dumps({"means": [RED, BLUE], "at_endpoint": at_endpoint}).encode(), io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        info = tarfile.TarInfo("model.json")
        info.size = len(body)
        tar.addfile(info, io.BytesIO(body))
    return packed.getvalue()


@pytest.fixture(scope="module")
def alarm() -> Iterator[str]:
    cloudwatch, name = boto3.client("cloudwatch"), f"{NAME}-errors"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": "EndpointName", "Value": NAME}, {"Name": "VariantName", "Value": "AllTraffic"}],
        Statistic="Sum",
        Period=10,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="notBreaching",
    )
    yield name
    cloudwatch.delete_alarms(AlarmNames=[name])


@pytest.fixture
def traffic(endpoint: None) -> Iterator[SteadyTraffic]:
    runtime, image = boto3.client("sagemaker-runtime"), picture(0, random.Random(3))
    with SteadyTraffic(lambda: outcome(runtime, image), REQUESTS_PER_S) as traffic:
        until(lambda: len(traffic.outcomes) > REQUESTS_PER_S, "the first requests")
        yield traffic


def described() -> dict[str, Any]:
    return dict(boto3.client("sagemaker").describe_endpoint(EndpointName=NAME))


def settled() -> dict[str, Any]:
    def settled_endpoint() -> dict[str, Any] | None:
        endpoint = described()
        return endpoint if endpoint["EndpointStatus"] in ("InService", "Failed") else None

    return until(settled_endpoint, "the endpoint to settle")


def state_of(alarm: str) -> dict[str, Any]:
    (described,) = boto3.client("cloudwatch").describe_alarms(AlarmNames=[alarm])["MetricAlarms"]
    return dict(described)


def update(model: str, alarm: str, **policy: Any) -> None:
    """Begin a guarded update."""
    until(lambda: state_of(alarm)["StateValue"] != "ALARM", "the alarm of an earlier update to pass")
    boto3.client("sagemaker").update_endpoint(
        EndpointName=NAME,
        EndpointConfigName=f"{NAME}-{model}",
        DeploymentConfig={**policy, "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": alarm}]}},
    )


def stage() -> dict[str, Any]:
    """Return the VariantStatus of the update that is under way, or nothing."""
    summary = described().get("PendingDeploymentSummary")
    return dict(summary["ProductionVariants"][0]["VariantStatus"][0]) if summary else {}


def blue_green(kind: str, wait_s: int, percent: int) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": percent}
    member = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}[kind]
    routing = {"Type": kind, "WaitIntervalInSeconds": wait_s, member: size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


def rolling(wait_s: int) -> dict[str, Any]:
    batch = {"Type": "INSTANCE_COUNT", "Value": 1}
    return {"RollingUpdatePolicy": {"MaximumBatchSize": batch, "WaitIntervalInSeconds": wait_s}}


@pytest.mark.parametrize(
    ("policy", "share"),
    [(blue_green("CANARY", 600, 10), 0.1), (blue_green("LINEAR", 600, 20), 0.2), (rolling(600), 0.5)],
)
def test_a_model_that_fails_is_rolled_back_in_2_s_and_only_its_share_saw_errors(
    traffic: SteadyTraffic, alarm: str, policy: dict[str, Any], share: float
) -> None:
    update("bad", alarm, **policy)
    bakes = until(lambda: (one := stage()).get("Status") == "Baking" and one, "the first share to bake")
    back = until(lambda: (one := described())["EndpointStatus"] != "Updating" and one, "the rollback to begin")
    waited_s = (back["LastModifiedTime"] - state_of(alarm)["StateUpdatedTimestamp"]).total_seconds()
    assert waited_s <= max(BEGINS_WITHIN_S, 10 * traffic.slowest_s())  # a loaded machine answers late
    seen = traffic.answers(bakes["StartTime"], back["LastModifiedTime"])
    assert 0 < seen["error"] <= share * (seen.total() + 1)  # one may have been sent right before the baking began
    print(f"{share:.0%}: {seen['error']} errors of {seen.total()} requests, back after {waited_s:.2f} s")
    endpoint = settled()
    assert (endpoint["EndpointStatus"], endpoint["EndpointConfigName"]) == ("InService", f"{NAME}-old")
    assert alarm in endpoint["FailureReason"]
    assert set(next_answers(traffic)) == {"old"}


@pytest.mark.parametrize("policy", [blue_green("CANARY", 3, 10), blue_green("LINEAR", 1, 40), rolling(2)])
def test_a_good_model_takes_over_and_no_request_fails(
    traffic: SteadyTraffic, alarm: str, policy: dict[str, Any]
) -> None:
    current = described()["EndpointConfigName"].removeprefix(f"{NAME}-")
    model = "new" if current == "old" else "old"
    update(model, alarm, **policy)
    assert settled()["EndpointConfigName"] == f"{NAME}-{model}"
    assert set(next_answers(traffic)) == {model}
    assert set(traffic.answers()) == {"old", "new"}  # and no error


def next_answers(traffic: SteadyTraffic) -> Counter[str]:
    """Return the answers to the requests of the next second."""
    now = datetime.now(UTC)
    until(lambda: traffic.answers(now).total() >= REQUESTS_PER_S, "requests after the update")
    return traffic.answers(now)
