"""Executions, alerts and schedules: legal moves, and when an alert is raised."""

from __future__ import annotations

import pytest

from sagemaker_emulator.resources.monitoring.alert import AlertStatus, MonitoringAlert
from sagemaker_emulator.resources.monitoring.execution import ExecutionStatus as E
from sagemaker_emulator.resources.monitoring.execution import MonitoringExecution


def execution() -> MonitoringExecution:
    return MonitoringExecution("s/1", "arn", "s", "s-arn", {}, "DataQuality", "e", None, 1.0, 0.0, 1.0, 1.0, 1.0)


def test_an_execution_runs_its_processing_jobs_and_ends_once() -> None:
    merging = execution().running("merge", 2.0)
    analyzing = merging.running("analysis", 3.0)
    assert (merging.status, analyzing.processing_job_arn) == (E.IN_PROGRESS, "analysis")
    ended = analyzing.moved_to(E.COMPLETED_WITH_VIOLATIONS, 4.0)
    assert ended.is_over
    with pytest.raises(ValueError, match="cannot go from"):
        ended.moved_to(E.FAILED, 5.0)


def test_an_execution_that_never_ran_can_only_fail() -> None:
    assert execution().moved_to(E.FAILED, 2.0, "no data").failure_reason == "no data"
    with pytest.raises(ValueError, match="cannot go from"):
        execution().moved_to(E.COMPLETED, 2.0)


@pytest.mark.parametrize(
    ("newest_first", "status"),
    [
        ([E.COMPLETED], AlertStatus.OK),
        ([E.FAILED], AlertStatus.OK),
        ([E.FAILED, E.COMPLETED_WITH_VIOLATIONS], AlertStatus.IN_ALERT),  # before there are three executions, too
        ([E.COMPLETED, E.FAILED, E.FAILED], AlertStatus.IN_ALERT),
        ([E.COMPLETED, E.STOPPED, E.FAILED, E.FAILED], AlertStatus.OK),  # only the last three count
    ],
)
def test_an_alert_counts_the_failures_of_its_evaluation_period(newest_first: list[E], status: AlertStatus) -> None:
    alert = MonitoringAlert(1.0, 1.0, datapoints_to_alert=2, evaluation_period=3)
    assert alert.evaluated(newest_first, 2.0).status is status


def test_an_alert_that_does_not_change_stays_the_same() -> None:
    alert = MonitoringAlert(1.0, 1.0)
    assert alert.evaluated([E.COMPLETED], 2.0) is alert
