"""Scheduled actions are run once for the times that have passed, and limits stay in order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sagemaker_emulator.resources.arn import Arns
from sagemaker_emulator.scaling.scheduled_actions import ScheduledActions
from sagemaker_emulator.scaling.targets import ScalableTargets
from sagemaker_emulator.storage.store import Store
from sagemaker_emulator.wire import AwsError

VARIANT = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/one/variant/AllTraffic",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}
HOUR_S = 3600


@dataclass
class Account:
    """One account's targets and scheduled actions, at a time of its own."""

    store: Store
    now: float = 1_000_000.0

    def __post_init__(self) -> None:
        arns = Arns("us-east-1", "000000000000")
        capacities: Any = SimpleNamespace(of=lambda *_: SimpleNamespace(current=lambda: 1))
        self.targets = ScalableTargets(self.store, arns, capacities, lambda: self.now)
        self.actions = ScheduledActions(self.store, arns, self.targets, lambda: self.now)
        self.targets.register({**VARIANT, "MinCapacity": 1, "MaxCapacity": 3}, {})

    def put(self, name: str = "hourly", schedule: str = "rate(1 hour)", **limits: int) -> None:
        request = {"ScheduledActionName": name, "Schedule": schedule, "ScalableTargetAction": limits}
        self.actions.put({**VARIANT, **request})

    @property
    def limits(self) -> tuple[int, int]:
        target = self.targets.all()[0]
        return target.minimum, target.maximum


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    account = Account(Store(tmp_path / "store"))
    yield account
    account.store.close()


def test_an_action_runs_once_for_all_times_that_passed_while_the_emulator_was_down(account: Account) -> None:
    account.put(MinCapacity=2)
    account.actions.run_due()
    assert account.limits == (1, 3)
    account.now += 10.5 * HOUR_S
    account.actions.run_due()
    assert account.limits == (2, 3)
    account.targets.register({**VARIANT, "MinCapacity": 1}, {})
    account.actions.run_due()
    assert account.limits == (1, 3)
    account.now += HOUR_S
    account.actions.run_due()
    assert account.limits == (2, 3)


def test_limits_that_would_cross_stay_as_they_are(account: Account) -> None:
    account.put(MinCapacity=4)
    account.now += HOUR_S
    account.actions.run_due()
    assert account.limits == (1, 3)


def test_an_action_past_its_end_time_does_not_run_and_is_removed(account: Account) -> None:
    request = {"ScheduledActionName": "ends", "Schedule": "rate(1 hour)", "ScalableTargetAction": {"MinCapacity": 2}}
    account.actions.put({**VARIANT, **request, "EndTime": account.now + 1.5 * HOUR_S})
    account.now += HOUR_S
    account.actions.run_due()
    assert account.limits == (2, 3)
    assert account.actions.describe({"ServiceNamespace": "sagemaker"})["ScheduledActions"] == []


def test_a_target_has_at_most_as_many_actions_as_on_aws(account: Account) -> None:
    for number in range(ScheduledActions.QUOTA):
        account.put(f"number-{number}", MinCapacity=2)
    with pytest.raises(AwsError, match="No scheduled action can be added: the target already has 200"):
        account.put("one too many", MinCapacity=2)
    account.put("number-7", MaxCapacity=4)
