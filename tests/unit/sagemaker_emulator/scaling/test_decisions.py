"""The arithmetic of scaling policies."""

from __future__ import annotations

from typing import Any

import pytest

from sagemaker_emulator.scaling.decisions import CAPACITY_MAX, Breaches, stepped, tracked
from sagemaker_emulator.scaling.metrics import InvocationRate


def alarms(*values: float | None, target: float = 100.0) -> list[str | None]:
    breaches, seen = Breaches(), []
    for value in values:
        breaches.count(value, target)
        seen.append(breaches.alarm)
    return seen


def test_three_minutes_above_the_target_trip_the_high_alarm() -> None:
    assert alarms(101, 101, 101, 100) == [None, None, "AlarmHigh", None]
    assert alarms(101, 101, None, 101) == [None] * 4


def test_fifteen_minutes_below_nine_tenths_trip_the_low_alarm() -> None:
    assert alarms(*[89.0] * 15)[-2:] == [None, "AlarmLow"]
    assert alarms(*[90.0] * 20) == [None] * 20
    assert alarms(*[0.0] * 14, None, 0.0)[-1] is None


@pytest.mark.parametrize(
    ("current", "value", "alarm", "wanted"),
    [
        (1, 250, "AlarmHigh", 3),
        (2, 101, "AlarmHigh", 3),
        (3, 20, "AlarmLow", 1),
        (3, 89, "AlarmLow", 2),
        (3, 0, "AlarmLow", 0),
    ],
)
def test_tracking_wants_the_capacity_at_which_the_metric_is_at_its_target(
    current: int, value: float, alarm: str, wanted: int
) -> None:
    assert tracked(current, value, 100.0, alarm) == wanted


def test_a_tiny_target_wants_a_large_but_finite_capacity() -> None:
    assert tracked(1, 1e300, 1e-300, "AlarmHigh") == CAPACITY_MAX


STEPS = [
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
    {"MetricIntervalUpperBound": 0, "ScalingAdjustment": -1},
]


@pytest.mark.parametrize(("breach", "wanted"), [(0, 3), (9.9, 3), (10, 5), (1000, 5), (-1, 1)])
def test_the_step_of_the_breach_changes_the_capacity(breach: float, wanted: int) -> None:
    assert stepped(2, breach, {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": STEPS}) == wanted


@pytest.mark.parametrize(
    ("adjustment", "more", "wanted"),
    [
        ({"AdjustmentType": "ExactCapacity", "ScalingAdjustment": 7}, {}, 7),
        ({"AdjustmentType": "PercentChangeInCapacity", "ScalingAdjustment": 50}, {}, 6),
        ({"AdjustmentType": "PercentChangeInCapacity", "ScalingAdjustment": 10}, {}, 5),
        ({"AdjustmentType": "PercentChangeInCapacity", "ScalingAdjustment": 10}, {"MinAdjustmentMagnitude": 2}, 6),
        ({"AdjustmentType": "PercentChangeInCapacity", "ScalingAdjustment": -10}, {}, 3),
    ],
)
def test_an_adjustment_is_a_count_or_a_percentage(
    adjustment: dict[str, Any], more: dict[str, Any], wanted: int
) -> None:
    step = {"MetricIntervalLowerBound": 0, "ScalingAdjustment": adjustment["ScalingAdjustment"]}
    configuration = {"AdjustmentType": adjustment["AdjustmentType"], "StepAdjustments": [step], **more}
    assert stepped(4, 1.0, configuration) == wanted


def test_a_breach_that_no_step_covers_changes_nothing() -> None:
    steps = [{"MetricIntervalLowerBound": 5, "ScalingAdjustment": 1}]
    assert stepped(2, 1.0, {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps}) == 2


def test_a_rate_is_per_minute_however_often_it_is_read() -> None:
    rate = InvocationRate()
    assert [rate.per_minute(10, 0.0), rate.per_minute(30, 2.0), rate.per_minute(30, 3.0)] == [None, 600.0, 0.0]
    assert rate.per_minute(0, 4.0) == 0.0  # the counter of a new emulator begins at 0
