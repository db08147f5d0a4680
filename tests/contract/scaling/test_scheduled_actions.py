"""Scheduled actions of Application Auto Scaling: put, described, deleted, and run when they are due."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.scaling.variants import variant_of


@pytest.fixture
def registered(scaling: Any, hosting: Any) -> Any:
    """Create an endpoint with one instance that may have three; return the members that name its capacity."""

    def register(endpoint: str) -> dict[str, str]:
        hosting.simple(endpoint)
        scaling.register_scalable_target(**variant_of(endpoint), MinCapacity=1, MaxCapacity=3)
        return variant_of(endpoint)

    return register


def action_of(scaling: Any, variant: dict[str, str]) -> Any:
    return scaling.describe_scheduled_actions(**variant)["ScheduledActions"]


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


def test_an_action_that_is_due_sets_limits_and_the_count_follows(
    scaling: Any, sagemaker: Any, registered: Any, until: Any
) -> None:
    variant = registered("scheduled")
    scaling.put_scheduled_action(
        **variant,
        ScheduledActionName="morning",
        Schedule=f"at({soon(2):%Y-%m-%dT%H:%M:%S})",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 5},
    )

    def count() -> int:
        shown = sagemaker.describe_endpoint(EndpointName="scheduled")["ProductionVariants"][0]
        return int(shown["CurrentInstanceCount"])

    until(lambda: count() == 2, "the second instance")
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=[variant["ResourceId"]])[
        "ScalableTargets"
    ]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (2, 5)
    assert action_of(scaling, variant) == []  # it will not run again


def test_a_recurring_action_begins_at_its_start_time_and_stays(scaling: Any, registered: Any, until: Any) -> None:
    variant, start = registered("recurring"), soon(1)
    scaling.put_scheduled_action(
        **variant,
        ScheduledActionName="nightly",
        Schedule="cron(0 22 ? * MON-FRI *)",
        Timezone="Europe/London",
        StartTime=start,
        EndTime=start + timedelta(days=30),
        ScalableTargetAction={"MaxCapacity": 2},
    )
    (action,) = action_of(scaling, variant)
    assert action["ScheduledActionARN"].endswith(
        ":resource/sagemaker/endpoint/recurring/variant/AllTraffic:scheduledActionName/nightly"
    )
    assert (action["Schedule"], action["Timezone"]) == ("cron(0 22 ? * MON-FRI *)", "Europe/London")
    assert abs((action["StartTime"] - start).total_seconds()) < 0.01
    assert action["ScalableTargetAction"] == {"MaxCapacity": 2}

    def maximum() -> int:
        ids = [variant["ResourceId"]]
        shown = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=ids)["ScalableTargets"][0]
        return int(shown["MaxCapacity"])

    until(lambda: maximum() == 2, "the action to run at its StartTime")
    assert [one["ScheduledActionName"] for one in action_of(scaling, variant)] == ["nightly"]


def test_an_action_is_changed_without_its_times_filtered_and_deleted(scaling: Any, registered: Any) -> None:
    variant = registered("changed")
    members = {"Schedule": "rate(1 hour)", "ScalableTargetAction": {"MinCapacity": 1}, "StartTime": soon(3600)}
    scaling.put_scheduled_action(**variant, ScheduledActionName="one", **members)
    scaling.put_scheduled_action(**variant, ScheduledActionName="two", **members)
    (before,) = scaling.describe_scheduled_actions(**variant, ScheduledActionNames=["one"])["ScheduledActions"]
    scaling.put_scheduled_action(**variant, ScheduledActionName="one", ScalableTargetAction={"MaxCapacity": 4})
    (after,) = scaling.describe_scheduled_actions(**variant, ScheduledActionNames=["one"])["ScheduledActions"]
    assert after["ScheduledActionARN"] == before["ScheduledActionARN"]
    assert (after["Schedule"], after["ScalableTargetAction"]) == ("rate(1 hour)", {"MaxCapacity": 4})
    assert "StartTime" in before
    assert "StartTime" not in after
    scaling.delete_scheduled_action(**variant, ScheduledActionName="one")
    with pytest.raises(ClientError, match=r"ObjectNotFoundException.*No scheduled action found .*action name: one"):
        scaling.delete_scheduled_action(**variant, ScheduledActionName="one")
    scaling.deregister_scalable_target(**variant)
    assert action_of(scaling, variant) == []


def test_suspended_actions_do_not_run(scaling: Any, registered: Any, until: Any) -> None:
    variant = registered("suspended")
    scaling.register_scalable_target(**variant, SuspendedState={"ScheduledScalingSuspended": True})
    at = f"at({soon(1):%Y-%m-%dT%H:%M:%S})"
    scaling.put_scheduled_action(
        **variant, ScheduledActionName="never", Schedule=at, ScalableTargetAction={"MinCapacity": 3}
    )
    until(lambda: not action_of(scaling, variant), "the time of the action to pass")
    ids = [variant["ResourceId"]]
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker", ResourceIds=ids)["ScalableTargets"]
    assert target["MinCapacity"] == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"Schedule": None}, "Schedule is required"),
        ({"ScalableTargetAction": None}, "At least one of minimum capacity and maximum capacity should be provided"),
        ({"ScalableTargetAction": {}}, "At least one of minimum capacity and maximum capacity should be provided"),
        (
            {"ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}},
            "Maximum capacity cannot be less than minimum capacity",
        ),
        ({"ScalableTargetAction": {"MinCapacity": -1}}, "must not be negative"),
        ({"Schedule": "cron(0 8 * * *)"}, "5 fields, and needs 6"),
        ({"Schedule": "at(2020-01-01T00:00:00)"}, "would never run"),
        ({"EndTime": datetime(2020, 1, 1, tzinfo=UTC)}, "would never run"),
        ({"Timezone": "Nowhere/City"}, "Nowhere/City' is unknown"),
        ({"ServiceNamespace": "ecs"}, "namespace ecs is not emulated"),
        ({"ResourceId": "endpoint/none/variant/AllTraffic"}, "ObjectNotFoundException.*No scalable target registered"),
    ],
)
def test_an_invalid_action_is_refused(
    scaling: Any, hosting: Any, registered: Any, changes: dict[str, Any], message: str
) -> None:
    if not hosting.client.list_endpoints(NameContains="refused-action")["Endpoints"]:
        registered("refused-action")
    request = {"Schedule": "rate(1 hour)", "ScalableTargetAction": {"MinCapacity": 1}, **variant_of("refused-action")}
    members = {name: value for name, value in {**request, **changes}.items() if value is not None}
    with pytest.raises(ClientError, match=message):
        scaling.put_scheduled_action(ScheduledActionName="bad", **members)
