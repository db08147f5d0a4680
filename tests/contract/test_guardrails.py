"""Deployment guardrails: canary, linear and rolling updates, alarms that roll back, and what is shown meanwhile."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.steady_traffic import SteadyTraffic

REQUESTS_PER_S = 20
BEGINS_WITHIN_S = 2.0
HEALTHY = {"ActionsEnabled": False, "Namespace": "test", "MetricName": "errors", "Statistic": "Sum", "Period": 60}


@dataclass
class Alarm:
    cloudwatch: Any
    name: str

    @property
    def config(self) -> dict[str, Any]:
        return {"Alarms": [{"AlarmName": self.name}]}

    def set(self, state: str) -> None:
        self.cloudwatch.set_alarm_state(AlarmName=self.name, StateValue=state, StateReason="the test")

    def changed(self) -> datetime:
        """Return when the alarm went into its state."""
        (described,) = self.cloudwatch.describe_alarms(AlarmNames=[self.name])["MetricAlarms"]
        return datetime.fromisoformat(str(described["StateUpdatedTimestamp"]))


@pytest.fixture(scope="module")
def cloudwatch(aws: None) -> Any:
    return boto3.client("cloudwatch")


@pytest.fixture
def alarm(cloudwatch: Any, request: pytest.FixtureRequest) -> Iterator[Alarm]:
    name = f"alarm-of-{request.node.name}"
    cloudwatch.put_metric_alarm(
        AlarmName=name, EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold", **HEALTHY
    )

    alarm = Alarm(cloudwatch, name)
    alarm.set("OK")
    yield alarm
    cloudwatch.delete_alarms(AlarmNames=[name])


def answer_of(runtime: Any, endpoint: str) -> str:
    """Return the name of the model that answered, or "error"."""
    try:
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=b"hello", ContentType="text/plain")
    except ClientError:
        return "error"
    return str(json.loads(answer["Body"].read())["model"])


def blue_green(kind: str, wait_s: int, percent: int | None = None, **policy: Any) -> dict[str, Any]:
    size = {"Type": "CAPACITY_PERCENT", "Value": percent}
    member = {"CANARY": {"CanarySize": size}, "LINEAR": {"LinearStepSize": size}}.get(kind, {})
    routing = {"Type": kind, "WaitIntervalInSeconds": wait_s, **member}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **policy}}


def rolling(wait_s: int, batch: int, **policy: Any) -> dict[str, Any]:
    size = {"Type": "INSTANCE_COUNT", "Value": batch}
    return {"RollingUpdatePolicy": {"MaximumBatchSize": size, "WaitIntervalInSeconds": wait_s, **policy}}


def prepare(hosting: Any, name: str, instances: int = 2, environment: dict[str, str] | None = None) -> None:
    """Create an endpoint that serves the model "old", and the configuration `<name>-new` with the model "new"."""
    variant = {"VariantName": "AllTraffic", "InitialInstanceCount": instances}
    for config, text, settings in ((name, "old", None), (f"{name}-new", "new", environment)):
        hosting.model(config, text, environment=settings)
        hosting.config(config, {**variant, "ModelName": config})
    hosting.endpoint(name, name)


def begin(sagemaker: Any, name: str, config: dict[str, Any]) -> None:
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=f"{name}-new", DeploymentConfig=config)


def stage(sagemaker: Any, name: str) -> dict[str, Any]:
    """Return the VariantStatus of the update that is under way, or nothing."""
    summary = sagemaker.describe_endpoint(EndpointName=name).get("PendingDeploymentSummary")
    return dict(summary["ProductionVariants"][0]["VariantStatus"][0]) if summary else {}


def baking(sagemaker: Any, name: str) -> bool:
    return stage(sagemaker, name).get("Status") == "Baking"


def rolled_back(sagemaker: Any, name: str) -> dict[str, Any] | None:
    """Return the description of an endpoint whose update is being undone, or has been."""
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    return None if endpoint["EndpointStatus"] == "Updating" else dict(endpoint)


BROKEN = {"ANSWER": "handler._answer(500, b'broken', 'text/plain')"}


def test_a_canary_goes_on_to_the_whole_traffic_and_fails_no_request(
    hosting: Any, sagemaker: Any, runtime: Any, alarm: Any
) -> None:
    prepare(hosting, "canary")
    begin(sagemaker, "canary", {**blue_green("CANARY", 1, 50), "AutoRollbackConfiguration": alarm.config})
    seen: list[str] = []
    while (endpoint := sagemaker.describe_endpoint(EndpointName="canary"))["EndpointStatus"] == "Updating":
        seen.append(answer_of(runtime, "canary"))
    assert (endpoint["EndpointConfigName"], endpoint["EndpointStatus"]) == ("canary-new", "InService")
    assert "FailureReason" not in endpoint
    assert set(seen) == {"old", "new"}
    assert "old" in seen[seen.index("new") :]  # the canary did not take everything at once
    assert {answer_of(runtime, "canary") for _ in range(5)} == {"new"}


def test_an_alarm_rolls_a_canary_back_and_only_its_share_saw_errors(
    hosting: Any, sagemaker: Any, runtime: Any, until: Any, alarm: Any
) -> None:
    prepare(hosting, "bad-canary", environment=BROKEN)
    begin(sagemaker, "bad-canary", {**blue_green("CANARY", 600, 20), "AutoRollbackConfiguration": alarm.config})
    until(lambda: baking(sagemaker, "bad-canary"), "the canary to bake")
    seen = Counter(answer_of(runtime, "bad-canary") for _ in range(50))
    assert seen["old"] + seen["error"] == 50
    assert 9 <= seen["error"] <= 11
    alarm.set("ALARM")
    endpoint = hosting.settled("bad-canary")
    assert (endpoint["EndpointConfigName"], endpoint["EndpointStatus"]) == ("bad-canary", "InService")
    assert "alarm-of-test_an_alarm_rolls_a_canary_back" in endpoint["FailureReason"]
    assert {answer_of(runtime, "bad-canary") for _ in range(10)} == {"old"}
    assert "PendingDeploymentSummary" not in endpoint


@pytest.mark.parametrize(
    ("name", "share", "config"),
    [
        ("steady-canary", 0.1, blue_green("CANARY", 600, 10)),
        ("steady-linear", 0.2, blue_green("LINEAR", 600, 20)),
        ("steady-rolling", 0.5, rolling(600, 1)),
    ],
)
def test_under_steady_traffic_no_more_requests_than_the_share_see_errors_and_the_rollback_begins_in_2_s(
    hosting: Any, sagemaker: Any, runtime: Any, until: Any, alarm: Any, name: str, share: float, config: dict[str, Any]
) -> None:
    prepare(hosting, name, environment=BROKEN)
    with SteadyTraffic(lambda: answer_of(runtime, name), REQUESTS_PER_S) as traffic:
        begin(sagemaker, name, {**config, "AutoRollbackConfiguration": alarm.config})
        until(lambda: traffic.answers()["error"] >= 3, "the third error")
        bakes_since = stage(sagemaker, name)["StartTime"]
        alarm.set("ALARM")
        back = until(lambda: rolled_back(sagemaker, name), "the rollback to begin")
    seen = traffic.answers(bakes_since, back["LastModifiedTime"])
    assert seen["error"] <= share * (seen.total() + 1)  # one may have been sent right before the baking began
    until(
        lambda: errors_of(alarm.cloudwatch, name, f"{name}-new") == traffic.answers()["error"], "the errors in metrics"
    )
    assert errors_of(alarm.cloudwatch, name, name) == 0
    waited_s = (back["LastModifiedTime"] - alarm.changed()).total_seconds()
    assert waited_s <= max(BEGINS_WITHIN_S, 10 * traffic.slowest_s())  # a loaded machine answers late
    hosting.settled(name)


def errors_of(cloudwatch: Any, endpoint: str, config: str) -> float:
    """Return how many server errors CloudWatch has counted for one configuration of an endpoint."""
    dimensions = {"EndpointName": endpoint, "VariantName": "AllTraffic", "EndpointConfigName": config}
    points = cloudwatch.get_metric_statistics(
        Namespace="AWS/SageMaker",
        MetricName="Invocation5XXErrors",
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime="2020-01-01T00:00:00Z",
        EndTime="2040-01-01T00:00:00Z",
        Period=86400 * 365,
        Statistics=["Sum"],
    )["Datapoints"]
    return float(sum(point["Sum"] for point in points))


def test_the_status_while_a_linear_update_is_under_way(
    hosting: Any, sagemaker: Any, runtime: Any, until: Any, alarm: Any
) -> None:
    prepare(hosting, "linear")
    begin(sagemaker, "linear", {**blue_green("LINEAR", 600, 50), "AutoRollbackConfiguration": alarm.config})
    until(lambda: baking(sagemaker, "linear"), "the first step to bake")
    endpoint = sagemaker.describe_endpoint(EndpointName="linear")
    assert endpoint["EndpointStatus"] == "Updating"
    summary = endpoint["PendingDeploymentSummary"]
    (variant,) = summary["ProductionVariants"]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (2, 2)
    assert (variant["CurrentWeight"], variant["DesiredWeight"]) == (0.5, 1.0)
    assert summary["StartTime"] <= variant["VariantStatus"][0]["StartTime"]
    seen = Counter(answer_of(runtime, "linear") for _ in range(20))
    assert 9 <= seen["new"] <= 11
    alarm.set("ALARM")
    assert hosting.settled("linear")["EndpointConfigName"] == "linear"


def test_a_rolling_update_replaces_batch_by_batch_and_fails_no_request(
    hosting: Any, sagemaker: Any, runtime: Any, until: Any
) -> None:
    prepare(hosting, "rolled", instances=3)
    begin(sagemaker, "rolled", rolling(1, 1))
    seen, counts = Counter[str](), set()
    while (endpoint := sagemaker.describe_endpoint(EndpointName="rolled"))["EndpointStatus"] == "Updating":
        seen[answer_of(runtime, "rolled")] += 1
        counts.add(endpoint["ProductionVariants"][0]["CurrentInstanceCount"])
    assert set(seen) == {"old", "new"}
    assert {3, 2, 1} <= counts
    assert endpoint["EndpointConfigName"] == "rolled-new"
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 3


def test_a_rolling_update_is_rolled_back_with_all_old_instances(
    hosting: Any, sagemaker: Any, runtime: Any, until: Any, alarm: Any
) -> None:
    prepare(hosting, "rolled-back", instances=2)
    config = rolling(3, 1, RollbackMaximumBatchSize={"Type": "INSTANCE_COUNT", "Value": 1})
    begin(sagemaker, "rolled-back", {**config, "AutoRollbackConfiguration": alarm.config})

    until(
        lambda: instances(sagemaker, "rolled-back") == 1 and baking(sagemaker, "rolled-back"),
        "the second batch to bake",
    )
    alarm.set("ALARM")
    endpoint = hosting.settled("rolled-back")
    assert endpoint["EndpointConfigName"] == "rolled-back"
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert {answer_of(runtime, "rolled-back") for _ in range(5)} == {"old"}


def test_a_rollback_that_cannot_start_the_old_instances_is_update_rollback_failed_and_an_update_leads_out_of_it(
    hosting: Any, sagemaker: Any, runtime: Any, until: Any, alarm: Any, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    exits = f"import pathlib, sys\nif pathlib.Path({str(broken)!r}).exists(): sys.exit(3)"
    hosting.model("stuck", "old", {"AT_START": exits})
    hosting.model("stuck-new", "new")
    for name in ("stuck", "stuck-new"):
        hosting.config(name, {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 2})
    hosting.endpoint("stuck", "stuck")
    begin(sagemaker, "stuck", {**rolling(3, 1), "AutoRollbackConfiguration": alarm.config})
    until(lambda: instances(sagemaker, "stuck") == 1 and baking(sagemaker, "stuck"), "the second batch to bake")
    broken.touch()
    alarm.set("ALARM")
    endpoint = until(lambda: with_status(sagemaker, "stuck", "UpdateRollbackFailed"), "the rollback to fail")
    assert "alarm-of-test_a_rollback" in endpoint["FailureReason"]
    assert "could not be started again" in endpoint["FailureReason"]
    assert endpoint["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert {answer_of(runtime, "stuck") for _ in range(5)} == {"old"}
    sagemaker.update_endpoint(EndpointName="stuck", EndpointConfigName="stuck-new")
    assert hosting.settled("stuck")["EndpointConfigName"] == "stuck-new"
    assert {answer_of(runtime, "stuck") for _ in range(5)} == {"new"}


def instances(sagemaker: Any, name: str) -> int:
    """Return how many instances of what serves an endpoint are running."""
    return int(sagemaker.describe_endpoint(EndpointName=name)["ProductionVariants"][0]["CurrentInstanceCount"])


def with_status(sagemaker: Any, name: str, status: str) -> dict[str, Any] | None:
    """Return the description of an endpoint that has this status."""
    endpoint = sagemaker.describe_endpoint(EndpointName=name)
    return dict(endpoint) if endpoint["EndpointStatus"] == status else None


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (blue_green("CANARY", 0, 51), "CanarySize must be 1 to 50 percent"),
        (blue_green("LINEAR", 0, 5), "LinearStepSize must be 10 to 50 percent"),
        (rolling(0, 2), "MaximumBatchSize must be 5 to 50 percent"),
        (blue_green("CANARY", 0, 10) | rolling(0, 1), "not both"),
        ({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": "CANARY", "WaitIntervalInSeconds": 0}}},
         "CanarySize is required"),
        (blue_green("ALL_AT_ONCE", 300, TerminationWaitInSeconds=300, MaximumExecutionTimeoutInSeconds=600),
         "MaximumExecutionTimeoutInSeconds must be larger"),
        ({"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "never-created"}]}}, "never-created"),
    ],
)  # fmt: skip
def test_an_update_that_cannot_be_done_in_steps_is_refused(
    hosting: Any, sagemaker: Any, refusing_endpoint: str, config: dict[str, Any], message: str
) -> None:
    with pytest.raises(ClientError, match=message) as raised:
        begin(sagemaker, refusing_endpoint, config)
    assert raised.value.response["Error"]["Code"] == "ValidationException"
    assert sagemaker.describe_endpoint(EndpointName=refusing_endpoint)["EndpointStatus"] == "InService"


@pytest.fixture(scope="module")
def refusing_endpoint(hosting: Any) -> str:
    prepare(hosting, "refusing")
    return "refusing"


def test_a_single_instance_cannot_be_split(hosting: Any, sagemaker: Any) -> None:
    prepare(hosting, "single", instances=1)
    with pytest.raises(ClientError, match="at least two instances"):
        begin(sagemaker, "single", blue_green("CANARY", 0, 10))


def test_a_guarded_update_keeps_the_variant_names(hosting: Any, sagemaker: Any) -> None:
    prepare(hosting, "renamed")
    hosting.config("renamed-other", {"VariantName": "Other", "ModelName": "renamed-new", "InitialInstanceCount": 2})
    with pytest.raises(ClientError, match="must have the same variant names"):
        sagemaker.update_endpoint(
            EndpointName="renamed", EndpointConfigName="renamed-other", DeploymentConfig=blue_green("LINEAR", 0, 50)
        )


def test_an_update_that_a_restart_interrupts_begins_again(
    restartable: Any, make_hosting: Any, s3: Any, until: Any, alarm: Alarm
) -> None:
    with restartable() as emulator:
        sagemaker = emulator.client("sagemaker")
        prepare(make_hosting(sagemaker, s3), "resumed")
        begin(sagemaker, "resumed", {**blue_green("CANARY", 600, 10), "AutoRollbackConfiguration": alarm.config})
        until(lambda: baking(sagemaker, "resumed"), "the canary to bake")
    with restartable() as emulator:
        sagemaker, runtime = emulator.client("sagemaker"), emulator.client("sagemaker-runtime")
        until(lambda: baking(sagemaker, "resumed"), "the canary to bake again")
        assert "new" in {answer_of(runtime, "resumed") for _ in range(21)}
        alarm.set("ALARM")
        endpoint = make_hosting(sagemaker, s3).settled("resumed")
        assert (endpoint["EndpointConfigName"], "ALARM" in endpoint["FailureReason"]) == ("resumed", True)
        assert {answer_of(runtime, "resumed") for _ in range(5)} == {"old"}
