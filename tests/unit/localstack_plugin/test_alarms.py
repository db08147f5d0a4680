"""Evaluation of CloudWatch's alarms: its times, and the data points that decide."""

from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from localstack_plugin.cloudwatch.alarm_evaluation import EVERY_ALARM_S, AlarmEvaluation, Metric
from localstack_plugin.cloudwatch.datapoints import collected, of_newest_periods
from localstack_plugin.settings import SettingsError, from_environment

ERRORS = ("000000000000", "us-east-1", "AWS/SageMaker", "Invocation5XXErrors")
LATENCY = ("000000000000", "us-east-1", "AWS/SageMaker", "ModelLatency")


class Evaluations(list[str]):
    """An evaluation of two alarms, which records the ARNs that are evaluated. `broken` ones fail."""

    def __init__(self, broken: str = "") -> None:
        super().__init__()
        self._broken = broken
        self.evaluation = AlarmEvaluation(0.0, self._alarms, self._evaluate)
        self.evaluation._thread = object()  # type: ignore[assignment]  # the test calls what the thread would

    def _alarms(self) -> list[tuple[str, Metric]]:
        return [("errors", ERRORS), ("latency", LATENCY)]

    def _evaluate(self, arn: str) -> None:
        self.append(arn)
        if arn == self._broken:
            raise ValueError("no such statistic")


def test_new_data_of_a_metric_evaluates_its_alarm_once() -> None:
    evaluations = Evaluations()
    evaluations.evaluation.evaluate_due(1000.0)
    evaluations.clear()
    for _ in range(3):
        evaluations.evaluation.notice({LATENCY})
    evaluations.evaluation.evaluate_due(1001.0)
    evaluations.evaluation.evaluate_due(1002.0)
    assert evaluations == ["latency"]


def test_every_alarm_is_evaluated_once_a_minute() -> None:
    evaluations = Evaluations()
    for now in (0.0, 1.0, EVERY_ALARM_S - 1, EVERY_ALARM_S, EVERY_ALARM_S + 1):
        evaluations.evaluation.evaluate_due(now)
    assert evaluations == ["errors", "latency"] * 2


def test_an_alarm_that_cannot_be_evaluated_does_not_stop_the_others() -> None:
    evaluations = Evaluations(broken="errors")
    evaluations.evaluation.evaluate_due(0.0)
    assert evaluations == ["errors", "latency"]


def test_alarms_that_cannot_be_listed_are_evaluated_the_next_time() -> None:
    evaluations, answers = Evaluations(), [RuntimeError("dictionary changed size during iteration")]

    def alarms() -> list[tuple[str, Metric]]:
        if answers:
            raise answers.pop()
        return [("errors", ERRORS), ("latency", LATENCY)]

    evaluations.evaluation.evaluate_due(0.0)
    evaluations.clear()
    evaluations.evaluation._alarms = alarms
    evaluations.evaluation.notice({LATENCY})
    evaluations.evaluation.evaluate_due_safely(1.0)
    evaluations.evaluation.evaluate_due_safely(2.0)
    assert evaluations == ["latency"]


def test_data_are_stored_before_their_alarms_are_noticed() -> None:
    evaluations, stored = Evaluations(), list[str]()
    add = evaluations.evaluation.noticing(lambda *arguments: stored.append(arguments[-1][0]["MetricName"]))
    evaluations.evaluation.evaluate_due(0.0)
    evaluations.clear()
    add("database", *ERRORS[:3], [{"MetricName": ERRORS[3], "Value": 1.0}])
    evaluations.evaluation.evaluate_due(1.0)
    assert (stored, evaluations) == (["Invocation5XXErrors"], ["errors"])


class CloudWatch:
    """One data point in the current second, and one in the period before the last."""

    def get_metric_data(self, MetricDataQueries: Any, StartTime: datetime, EndTime: datetime) -> Any:  # noqa: N803
        now = datetime.now(UTC)
        assert StartTime < now < EndTime
        self.timestamps = [EndTime - timedelta(seconds=10), StartTime]
        return {"MetricDataResults": [{"Timestamps": self.timestamps, "Values": [3.0, 1.0]}]}


def test_a_period_without_data_has_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    scheduler = ModuleType("alarm_scheduler")
    scheduler.generate_metric_query = lambda alarm: {"Id": alarm["AlarmName"]}  # type: ignore[attr-defined]
    monkeypatch.setitem(__import__("sys").modules, "localstack.services.cloudwatch.alarm_scheduler", scheduler)
    alarm = {"AlarmName": "errors", "Period": 10, "EvaluationPeriods": 1}
    assert collected(alarm, CloudWatch()) == [1.0, None, 3.0]


def test_only_the_newest_data_points_are_judged() -> None:
    judged = of_newest_periods(lambda values, _: values == [0.0])
    assert judged([0.0, 5.0, 5.0], {"EvaluationPeriods": 1})


def test_the_interval_of_evaluations_is_a_setting() -> None:
    assert from_environment({}).alarm_interval_s == 1
    assert from_environment({"SCONES_ALARM_INTERVAL_S": "0.5"}).alarm_interval_s == 0.5
    with pytest.raises(SettingsError, match="SCONES_ALARM_INTERVAL_S is 'often'"):
        from_environment({"SCONES_ALARM_INTERVAL_S": "often"})
