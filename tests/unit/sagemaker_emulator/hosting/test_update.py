"""The waits of an update, in which alarms are watched."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from sagemaker_emulator.hosting.guardrails import alarms
from sagemaker_emulator.hosting.guardrails.alarms import AlarmWatch
from sagemaker_emulator.hosting.guardrails.policy import Policy
from sagemaker_emulator.hosting.guardrails.update import Closing, RollBack, Update
from sagemaker_emulator.resources.endpoint import Revision
from sagemaker_emulator.resources.endpoint_config import EndpointConfig


class CloudWatch:
    """Alarms by name; `unreachable` makes every call fail."""

    def __init__(self, metric: dict[str, str], composite: dict[str, str] | None = None) -> None:
        self.metric, self.composite, self.unreachable = metric, composite or {}, False

    def describe_alarms(self, AlarmNames: list[str], AlarmTypes: list[str]) -> dict[str, Any]:  # noqa: N803
        if self.unreachable:
            raise EndpointConnectionError(endpoint_url="http://nowhere")
        assert set(AlarmTypes) == {"MetricAlarm", "CompositeAlarm"}
        return {
            "MetricAlarms": _described(self.metric, AlarmNames),
            "CompositeAlarms": _described(self.composite, AlarmNames),
        }


def _described(states: dict[str, str], names: list[str]) -> list[dict[str, str]]:
    return [{"AlarmName": name, "StateValue": state} for name, state in states.items() if name in names]


def update(cloudwatch: CloudWatch, wait_s: float = 0.0, started: float | None = None, **waits: int) -> Update:
    names = [{"AlarmName": name} for name in ("errors", "both")]
    routing = {"Type": "ALL_AT_ONCE", "WaitIntervalInSeconds": wait_s}
    policy = Policy.parse(
        {
            "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **waits},
            "AutoRollbackConfiguration": {"Alarms": names},
        }
    )
    config = EndpointConfig("new", "arn", {"ProductionVariants": []}, 0.0)
    revision = Revision.of("id", config, (), time.time() if started is None else started)

    def start(_: Revision) -> Any:
        raise AssertionError("nothing is started")

    watch = AlarmWatch(lambda: cloudwatch, policy.alarms)
    return Update(revision, policy, watch, None, start, threading.Event())


def test_baking_ends_after_its_time_while_no_alarm_is_in_alarm() -> None:
    update(CloudWatch({"errors": "OK", "both": "INSUFFICIENT_DATA"})).bake()


@pytest.mark.parametrize(
    "cloudwatch", [CloudWatch({"errors": "ALARM", "both": "OK"}), CloudWatch({"errors": "OK"}, {"both": "ALARM"})]
)
def test_a_metric_alarm_or_a_composite_one_in_alarm_rolls_back_at_once(cloudwatch: CloudWatch) -> None:
    with pytest.raises(RollBack, match=r"in ALARM state: (errors|both)$"):
        update(cloudwatch, wait_s=3000.0).bake()


def test_an_update_that_takes_too_long_is_rolled_back() -> None:
    with pytest.raises(RollBack, match=r"MaximumExecutionTimeoutInSeconds \(600\)"):
        update(CloudWatch({}), 500.0, time.time() - 601, MaximumExecutionTimeoutInSeconds=600).bake()


class Waits(threading.Event):
    """An event that never comes. It records the lengths of the waits, and sets an alarm off at the third one."""

    def __init__(self, cloudwatch: CloudWatch) -> None:
        super().__init__()
        self._cloudwatch, self.waited_s = cloudwatch, list[float]()

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.waited_s.append(timeout)
        if len(self.waited_s) == 3:
            self._cloudwatch.metric["errors"] = "ALARM"
        return False


def test_alarms_are_read_at_least_every_second_and_the_next_reading_rolls_back() -> None:
    cloudwatch = CloudWatch({"errors": "OK"})
    baking = update(cloudwatch, wait_s=3000.0)
    baking.closing = waits = Waits(cloudwatch)
    with pytest.raises(RollBack, match="in ALARM state: errors"):
        baking.bake()
    assert len(waits.waited_s) == 3
    assert max(waits.waited_s) <= 1.0  # leaves one of the two seconds in which a rollback begins


def test_the_end_of_the_emulator_ends_a_baking() -> None:
    closing = update(CloudWatch({}), wait_s=3000.0)
    closing.closing.set()
    with pytest.raises(Closing):
        closing.bake()


def test_alarms_that_cannot_be_read_for_a_minute_roll_back(monkeypatch: pytest.MonkeyPatch) -> None:
    cloudwatch = CloudWatch({"errors": "OK"})
    cloudwatch.unreachable = True
    update(cloudwatch).bake()
    monkeypatch.setattr(alarms, "UNREADABLE_S", -1.0)
    with pytest.raises(RollBack, match="could not be described"):
        update(cloudwatch).bake()
