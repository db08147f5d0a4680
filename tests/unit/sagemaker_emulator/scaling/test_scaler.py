"""The scaler, minute by minute: a clock and a capacity of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.resources.scaling.scalable_target import VARIANT_INSTANCES
from sagemaker_emulator.resources.scaling.scaling_activity import ScalingActivity
from sagemaker_emulator.scaling.activities import ScalingActivities
from sagemaker_emulator.scaling.metrics import CloudWatchMetrics
from sagemaker_emulator.scaling.policies import ScalingPolicies
from sagemaker_emulator.scaling.scaler import Scaler
from sagemaker_emulator.scaling.targets import ScalableTargets
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/scones/variant/AllTraffic",
    "ScalableDimension": VARIANT_INSTANCES,
}
METRIC = "SageMakerVariantInvocationsPerInstance"
MINUTE_S = 60.0


@dataclass
class PlainCapacity:
    """A capacity that is reached at once, unless there is an `obstruction`."""

    count: int | None = 1
    invoked: int = 0
    obstruction: str | None = None
    refusal: AwsError | None = None
    noun: str = "desired instance count"
    metric: str = METRIC
    asked: list[int] = field(default_factory=list)

    def of(self, resource_id: str, dimension: str) -> PlainCapacity:
        return self

    def current(self) -> int | None:
        return self.count

    def obstacle(self) -> str | None:
        return self.obstruction

    def set(self, count: int) -> None:
        if self.refusal:
            raise self.refusal
        self.asked.append(count)
        self.count = count

    def failure(self) -> str:
        return "no reason"

    def invocations(self) -> int:
        return self.invoked


@dataclass
class Account:
    """One account's scaling. `minutes` lets time pass under a load."""

    store: Store
    capacity: PlainCapacity = field(default_factory=PlainCapacity)
    now: float = 1_000_000.0
    alarms: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        arns, capacities = Arns("us-east-1", "000000000000"), self.capacity
        self.targets = ScalableTargets(self.store, arns, capacities, lambda: self.now)  # type: ignore[arg-type]
        self.policies = ScalingPolicies(self.store, arns, self.targets)
        self.activities = ScalingActivities(self.store, arns, lambda: self.now)
        self.new_scaler()

    def new_scaler(self) -> None:
        """Forget what is not in the store, as a restart does."""
        metrics = CloudWatchMetrics(lambda: self)
        self.scaler = Scaler(
            self.targets, self.policies, self.activities, metrics, lambda: None, MINUTE_S, lambda: self.now
        )

    def describe_alarms(self, **_: Any) -> dict[str, Any]:
        return {"MetricAlarms": self.alarms}

    def get_metric_statistics(self, **_: Any) -> dict[str, Any]:
        return {"Datapoints": [{"Timestamp": 1, "Average": 25.0}]}

    def register(self, minimum: int = 1, maximum: int = 3, **more: Any) -> None:
        self.targets.register({**TARGET, "MinCapacity": minimum, "MaxCapacity": maximum, **more}, {})

    def track(self, PolicyName: str = "TargetTracking", **more: Any) -> None:  # noqa: N803 - as AWS names it
        configuration = {"TargetValue": 100.0, "PredefinedMetricSpecification": {"PredefinedMetricType": METRIC}}
        request = {"PolicyType": "TargetTrackingScaling", "PolicyName": PolicyName}
        self.put(request, "TargetTracking", {**configuration, **more})

    def put(self, request: dict[str, Any], kind: str, configuration: dict[str, Any]) -> None:
        member = f"{kind}ScalingPolicyConfiguration"
        self.policies.put({**TARGET, "PolicyName": kind, **request, member: configuration})

    def minutes(self, count: int, per_minute: int) -> None:
        for _ in range(count):
            self.now += MINUTE_S
            self.capacity.invoked += per_minute
            self.scaler.tick()

    def described(self) -> list[dict[str, Any]]:
        activities: list[dict[str, Any]] = self.activities.describe(TARGET)["ScalingActivities"]
        return activities


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    account = Account(Store(tmp_path / "store"))
    yield account
    account.store.close()


def test_load_scales_out_and_silence_scales_in(account: Account) -> None:
    account.register()
    account.track(ScaleInCooldown=0)
    account.minutes(4, 290)
    assert account.capacity.count == 3
    account.minutes(14, 0)
    assert account.capacity.count == 3
    account.minutes(3, 0)
    assert account.capacity.asked == [3, 1]
    newest, oldest = account.described()
    assert oldest["Description"] == "Setting desired instance count to 3."
    assert oldest["StatusMessage"].startswith("Successfully set desired instance count to 3. Change successfully")
    assert "AlarmHigh in state ALARM triggered policy TargetTracking" in oldest["Cause"]
    assert newest["StatusCode"] == "Successful"


def test_a_capacity_stays_within_the_limits_and_outside_ones_are_brought_inside(account: Account) -> None:
    account.register()
    account.track()
    account.minutes(10, 10_000)
    assert account.capacity.asked == [3]
    account.register(minimum=1, maximum=2)
    account.minutes(1, 10_000)
    assert account.capacity.count == 2


def test_a_cooldown_delays_a_second_scale_in_also_after_a_restart(account: Account) -> None:
    account.capacity.count = 5
    account.register(maximum=5)
    account.track(ScaleInCooldown=2400)
    account.minutes(17, 260)  # 52 for each of five instances
    assert account.capacity.asked == [3]
    account.new_scaler()
    account.minutes(20, 0)
    assert account.capacity.asked == [3]
    account.minutes(30, 0)
    assert account.capacity.asked == [3, 1]


def test_a_larger_need_does_not_wait_for_the_scale_out_cooldown(account: Account) -> None:
    account.register(maximum=9)
    account.track(ScaleOutCooldown=6000)
    account.minutes(4, 150)
    assert account.capacity.count == 2
    account.minutes(1, 900)
    assert account.capacity.count == 9


def test_a_suspended_direction_is_left_alone(account: Account) -> None:
    account.register(SuspendedState={"DynamicScalingOutSuspended": True})
    account.track()
    account.minutes(6, 1000)
    assert account.capacity.asked == []


def test_scale_in_can_be_disabled(account: Account) -> None:
    account.capacity.count = 3
    account.register()
    account.track(DisableScaleIn=True)
    account.minutes(20, 0)
    assert account.capacity.asked == []


def test_a_change_waits_until_the_endpoint_is_in_service(account: Account) -> None:
    account.register()
    account.track()
    account.capacity.obstruction = "Endpoint scones is Updating"
    account.minutes(6, 1000)
    assert account.capacity.asked == []
    account.capacity.obstruction = None
    account.minutes(1, 1000)
    assert account.capacity.asked == [3]


def test_a_refused_change_is_a_failed_activity(account: Account) -> None:
    account.register()
    account.track()
    account.capacity.refusal = validation("no room")
    account.minutes(4, 1000)
    (activity,) = account.described()
    assert activity["StatusCode"] == "Failed"
    assert activity["StatusMessage"] == "Failed to set desired instance count to 3. Reason: no room"


def test_a_step_policy_follows_the_alarm_that_names_it(account: Account) -> None:
    account.register(maximum=9)
    steps = [
        {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
        {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 4},
    ]
    account.put({"PolicyType": "StepScaling"}, "Step", {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps})
    (policy,) = account.policies.describe(TARGET)["ScalingPolicies"]
    alarm = {"AlarmName": "busy", "StateValue": "ALARM", "MetricName": "m", "Namespace": "n", "Threshold": 10.0}
    account.alarms = [{**alarm, "Statistic": "Average", "Period": 60, "AlarmActions": ["other"]}]
    account.minutes(2, 0)
    assert account.capacity.asked == []
    account.alarms[0]["AlarmActions"] = [policy["PolicyARN"]]
    account.minutes(2, 0)  # the metric is 25, so 15 above the threshold
    assert account.capacity.asked == [5]


STEP_IN = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": -1}]}
STEP_OUT = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"ScalingAdjustment": 1}]}


def alarm_of(account: Account, policy_name: str, **more: Any) -> dict[str, Any]:
    """Return an alarm in ALARM whose action is a policy."""
    (policy,) = account.policies.describe({**TARGET, "PolicyNames": [policy_name]})["ScalingPolicies"]
    alarm = {"AlarmName": "low", "StateValue": "ALARM", "AlarmActions": [policy["PolicyARN"]], "Period": 60}
    return {**alarm, "MetricName": "m", "Namespace": "n", "Threshold": 50.0, "Statistic": "Average", **more}


def test_a_step_policy_scales_in_beside_the_one_that_scales_out(account: Account) -> None:
    account.capacity.count = 3
    account.register()
    account.put({"PolicyType": "StepScaling", "PolicyName": "out"}, "Step", STEP_OUT)
    account.put({"PolicyType": "StepScaling", "PolicyName": "in"}, "Step", STEP_IN)
    account.alarms = [alarm_of(account, "in")]
    account.minutes(1, 0)
    assert account.capacity.asked == [2]


def test_tracking_scales_in_beside_policies_that_only_scale_out(account: Account) -> None:
    account.capacity.count = 3
    account.register()
    account.put({"PolicyType": "StepScaling", "PolicyName": "out"}, "Step", STEP_OUT)
    account.track(ScaleInCooldown=0)
    account.track(PolicyName="only out", DisableScaleIn=True)
    account.minutes(16, 0)
    assert account.capacity.asked == [1]


def test_tracking_waits_until_all_tracked_metrics_are_low(account: Account) -> None:
    account.capacity.count = 3
    account.register()
    account.track()
    metric = {"MetricName": "m", "Namespace": "n", "Statistic": "Average"}
    configuration = {"TargetValue": 25.0, "CustomizedMetricSpecification": metric}
    account.put({"PolicyType": "TargetTrackingScaling", "PolicyName": "busy"}, "TargetTracking", configuration)
    account.minutes(20, 0)
    assert account.capacity.asked == []


def test_an_alarm_on_a_percentile_triggers_its_policy(account: Account) -> None:
    account.register()
    account.put({"PolicyType": "StepScaling", "PolicyName": "out"}, "Step", STEP_OUT)
    alarm = alarm_of(account, "out", ExtendedStatistic="p99")
    del alarm["Statistic"]
    account.alarms = [alarm]
    account.minutes(1, 0)
    assert account.capacity.asked == [2]


def test_a_target_with_a_fault_does_not_keep_others_from_being_scaled(account: Account) -> None:
    account.register()
    account.put({"PolicyType": "StepScaling", "PolicyName": "out"}, "Step", STEP_OUT)
    incomplete = alarm_of(account, "out")
    del incomplete["Period"]
    account.targets.register({**TARGET, "MinCapacity": 2, "MaxCapacity": 2, "ResourceId": "endpoint/z/variant/v"}, {})
    account.alarms = [incomplete]
    account.minutes(1, 0)
    assert account.capacity.asked == [2]


def test_a_customized_metric_is_tracked(account: Account) -> None:
    account.register()
    metric = {"MetricName": "m", "Namespace": "n", "Statistic": "Average"}
    account.put(
        {"PolicyType": "TargetTrackingScaling"},
        "TargetTracking",
        {"TargetValue": 10.0, "CustomizedMetricSpecification": metric},
    )
    account.minutes(3, 0)
    assert account.capacity.asked == [3]


def test_a_deleted_endpoint_takes_its_target_and_policies_with_it(account: Account) -> None:
    account.register()
    account.track()
    account.capacity.count = None
    account.minutes(1, 0)
    assert account.targets.describe(TARGET)["ScalableTargets"] == []
    assert account.policies.describe(TARGET)["ScalingPolicies"] == []


def test_activities_are_listed_for_six_weeks_also_those_of_deleted_targets(account: Account) -> None:
    account.register()
    account.track()
    account.minutes(4, 290)
    account.targets.deregister(TARGET)
    account.now += 41 * 24 * 3600
    assert len(account.described()) == 1
    account.now += 2 * 24 * 3600
    assert account.described() == []
    assert account.store.all(ScalingActivity) == []


def test_an_activity_fails_if_its_endpoint_is_deleted(account: Account) -> None:
    account.register()
    account.track()
    account.minutes(4, 290)
    assert account.described()[0]["StatusCode"] == "InProgress"
    account.capacity.count = None
    account.minutes(1, 0)
    (activity,) = account.described()
    assert activity["StatusCode"] == "Failed"
    assert activity["StatusMessage"].endswith("Reason: endpoint/scones/variant/AllTraffic was deleted")
