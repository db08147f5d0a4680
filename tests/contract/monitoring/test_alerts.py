"""What violations cause: alerts, their history, and metrics in CloudWatch."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.contract.monitoring.monitor import (
    HOUR,
    HOURLY,
    INPUT,
    Monitor,
)


def test_violations_raise_the_alert_and_a_good_execution_ends_it(monitor: Monitor) -> None:
    monitor.schedule("violated", "message=CompletedWithViolations: 3 violations")
    monitor.captured((monitor.clock.now // HOUR + 1) * HOUR)
    monitor.advance(HOUR)
    assert monitor.ended("violated")["MonitoringExecutionStatus"] == "CompletedWithViolations"
    alert = monitor.until(lambda: alert_of(monitor, "violated", "InAlert"), "the alert")
    assert (alert["DatapointsToAlert"], alert["EvaluationPeriod"]) == (1, 1)
    monitor.define("good", "DataQuality", "message=Completed: no violations")
    monitor.client.update_monitoring_schedule(
        MonitoringScheduleName="violated",
        MonitoringScheduleConfig={
            "MonitoringJobDefinitionName": "good",
            "MonitoringType": "DataQuality",
            "ScheduleConfig": {"ScheduleExpression": HOURLY},
        },
    )
    monitor.scheduled("violated")
    monitor.captured((monitor.clock.now // HOUR + 1) * HOUR)
    monitor.advance(HOUR)
    assert monitor.ended("violated", 2)["MonitoringExecutionStatus"] == "Completed"
    monitor.until(lambda: alert_of(monitor, "violated", "OK"), "the end of the alert")
    history = monitor.client.list_monitoring_alert_history(MonitoringScheduleName="violated", SortOrder="Ascending")
    assert [one["AlertStatus"] for one in history["MonitoringAlertHistory"]] == ["InAlert", "OK"]
    only = monitor.client.list_monitoring_alert_history(MonitoringScheduleName="violated", StatusEquals="OK")
    assert len(only["MonitoringAlertHistory"]) == 1
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="Violated")
    left = monitor.client.list_monitoring_alert_history()["MonitoringAlertHistory"]
    assert "violated" not in [one["MonitoringScheduleName"] for one in left]


def test_an_alert_can_ask_for_several_violations(monitor: Monitor) -> None:
    arn = monitor.schedule("patient", "message=CompletedWithViolations: 1")
    name = alert_of(monitor, "patient", "OK")["MonitoringAlertName"]
    update = {"MonitoringScheduleName": "patient", "EvaluationPeriod": 3}
    answer = monitor.client.update_monitoring_alert(**update, MonitoringAlertName=name, DatapointsToAlert=2)
    assert (answer["MonitoringScheduleArn"], answer["MonitoringAlertName"]) == (arn, name)
    for count, status in ((1, "OK"), (2, "InAlert")):
        monitor.captured((monitor.clock.now // HOUR + 1) * HOUR)
        monitor.advance(HOUR)
        monitor.ended("patient", count)
        assert monitor.until(lambda status=status: alert_of(monitor, "patient", status), f"the alert to be {status}")
    with pytest.raises(ClientError, match="ResourceNotFound"):
        monitor.client.update_monitoring_alert(**update, MonitoringAlertName="other", DatapointsToAlert=1)
    with pytest.raises(ClientError, match="must not be greater than EvaluationPeriod"):
        monitor.client.update_monitoring_alert(**update, MonitoringAlertName=name, DatapointsToAlert=4)
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="patient")


def test_metrics_that_the_analyzer_leaves_reach_cloudwatch(monitor: Monitor) -> None:
    monitor.schedule("measured", f"copy={INPUT}:/opt/ml/output/metrics/cloudwatch")
    dimensions = [{"Name": "Endpoint", "Value": "e"}, {"Name": "MonitoringSchedule", "Value": "measured"}]
    datum = {"MetricName": "feature_data_a", "Timestamp": datetime.now(UTC).isoformat(), "Dimensions": dimensions}
    monitor.captured((monitor.clock.now // HOUR + 1) * HOUR, json.dumps({**datum, "Value": 2.5}))
    monitor.advance(HOUR)
    assert monitor.ended("measured")["MonitoringExecutionStatus"] == "Completed"
    metrics = boto3.client("cloudwatch").list_metrics(Namespace="aws/sagemaker/Endpoints/data-metrics")["Metrics"]
    assert {
        "Namespace": "aws/sagemaker/Endpoints/data-metrics",
        "MetricName": "feature_data_a",
        "Dimensions": dimensions,
    } in metrics
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="measured")


def alert_of(monitor: Monitor, schedule: str, status: str) -> Any:
    """Return the schedule's alert if it has this status."""
    (alert,) = monitor.client.list_monitoring_alerts(MonitoringScheduleName=schedule)["MonitoringAlertSummaries"]
    return alert if alert["AlertStatus"] == status else None
