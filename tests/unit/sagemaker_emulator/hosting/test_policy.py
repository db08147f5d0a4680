"""DeploymentConfig as a policy: shares of the traffic, sizes of batches, waits."""

from __future__ import annotations

from typing import Any

import pytest

from sagemaker_emulator.hosting.guardrails.policy import CapacitySize, Kind, Policy


def policy(kind: str, size: tuple[str, int] | None = None, **waits: int) -> Policy:
    member = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}.get(kind)
    routing: dict[str, Any] = {"Type": kind, "WaitIntervalInSeconds": 5}
    if member and size:
        routing[member] = {"Type": size[0], "Value": size[1]}
    return Policy.parse({"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, **waits}})


def test_an_update_without_a_config_moves_everything_at_once_and_waits_for_nothing() -> None:
    assert Policy.parse({}) == Policy(Kind.ALL_AT_ONCE, None, 0, 0, None, None, ())
    assert Policy.parse({}).shares(3) == (1.0,)


@pytest.mark.parametrize(
    ("kind", "size", "shares"),
    [
        ("ALL_AT_ONCE", None, (1.0,)),
        ("CANARY", ("CAPACITY_PERCENT", 10), (0.1, 1.0)),
        ("CANARY", ("INSTANCE_COUNT", 1), (0.25, 1.0)),
        ("LINEAR", ("CAPACITY_PERCENT", 50), (0.5, 1.0)),
        ("LINEAR", ("CAPACITY_PERCENT", 30), (0.3, 0.6, 0.9, 1.0)),
        ("LINEAR", ("CAPACITY_PERCENT", 10), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
        ("LINEAR", ("INSTANCE_COUNT", 1), (0.25, 0.5, 0.75, 1.0)),
    ],
)
def test_the_shares_of_the_steps(kind: str, size: tuple[str, int] | None, shares: tuple[float, ...]) -> None:
    assert policy(kind, size).shares(4) == pytest.approx(shares)


@pytest.mark.parametrize(("percent", "instances"), [(33, 1), (50, 1), (66, 1), (67, 2), (100, 3), (1, 1)])
def test_a_percentage_is_a_whole_number_of_instances_and_at_least_one(percent: int, instances: int) -> None:
    assert CapacitySize(True, percent).instances_of(3) == instances


def test_a_number_of_instances_is_at_most_all_of_them() -> None:
    assert CapacitySize(False, 2).instances_of(5) == 2
    assert CapacitySize(False, 9).instances_of(5) == 5


def test_waits_are_parsed() -> None:
    parsed = policy("ALL_AT_ONCE", TerminationWaitInSeconds=7, MaximumExecutionTimeoutInSeconds=600)
    assert (parsed.wait_s, parsed.termination_wait_s, parsed.timeout_s) == (5, 7, 600)


def test_an_alarm_that_is_named_twice_counts_once() -> None:
    alarms = [{"AlarmName": "errors"}, {"AlarmName": "latency"}, {"AlarmName": "errors"}]
    assert Policy.parse({"AutoRollbackConfiguration": {"Alarms": alarms}}).alarms == ("errors", "latency")
