"""Monitoring schedules: when they fire, how they are stopped and listed, and which are refused."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.monitoring.monitor import (
    BUCKET,
    COPY,
    HOUR,
    HOURLY,
    IMAGE,
    INPUT,
    OUTPUT,
    RESOURCES,
    ROLE,
    Monitor,
    named,
)


@pytest.fixture(scope="module")
def refusable(monitor: Monitor) -> Monitor:
    """Return the monitor with definitions that can be created, though some of them cannot be scheduled."""
    monitor.define("base")
    monitor.define("slow", StoppingCondition={"MaxRuntimeInSeconds": HOUR + 1})
    for name in ("absent", "silent"):
        monitor.define(name, DataQualityJobInput={"EndpointInput": {"EndpointName": name, "LocalPath": INPUT}})
    return monitor


def test_of_several_missed_hours_the_last_one_is_made_up_for(monitor: Monitor) -> None:
    monitor.schedule("missed", COPY)
    monitor.advance(5 * HOUR + 60)
    execution = monitor.ended("missed")
    assert execution["ScheduledTime"].timestamp() == monitor.clock.now // HOUR * HOUR
    assert len(monitor.executions("missed")) == 1
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="missed")


def test_now_runs_once_and_again_when_it_is_started_again(monitor: Monitor) -> None:
    monitor.captured(monitor.clock.now + 1)
    window = {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    monitor.schedule("once", COPY, expression="NOW", **window)
    assert monitor.ended("once")["ScheduledTime"].timestamp() == pytest.approx(monitor.clock.now)
    monitor.advance(3 * HOUR)
    monitor.client.stop_monitoring_schedule(MonitoringScheduleName="once")
    monitor.client.start_monitoring_schedule(MonitoringScheduleName="once")
    monitor.ended("once", 2)
    assert len(monitor.executions("once")) == 2
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="once")


def test_a_stopped_schedule_does_not_fire_and_a_started_one_waits_for_its_next_hour(monitor: Monitor) -> None:
    monitor.schedule("stopped", COPY)
    monitor.client.stop_monitoring_schedule(MonitoringScheduleName="stopped")
    monitor.advance(3 * HOUR)
    stopped = monitor.client.describe_monitoring_schedule(MonitoringScheduleName="stopped")
    assert stopped["MonitoringScheduleStatus"] == "Stopped"
    monitor.client.start_monitoring_schedule(MonitoringScheduleName="stopped")
    assert monitor.scheduled("stopped")
    monitor.advance(HOUR)
    execution = monitor.ended("stopped")
    assert execution["ScheduledTime"].timestamp() == monitor.clock.now // HOUR * HOUR
    assert len(monitor.executions("stopped")) == 1
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="stopped")


def test_a_definition_inside_the_schedule_runs_too(monitor: Monitor) -> None:
    inline = {
        "MonitoringInputs": [{"EndpointInput": {"EndpointName": "e", "LocalPath": INPUT}}],
        "MonitoringOutputConfig": {
            "MonitoringOutputs": [{"S3Output": {"S3Uri": f"s3://{BUCKET}/reports", "LocalPath": OUTPUT}}]
        },
        "MonitoringResources": RESOURCES,
        "MonitoringAppSpecification": {"ImageUri": IMAGE, "ContainerArguments": ["say=hello"]},
        "Environment": {"color": "green"},
        "RoleArn": ROLE,
    }
    schedule = {"ScheduleExpression": HOURLY}
    monitor.client.create_monitoring_schedule(
        MonitoringScheduleName="inline",
        MonitoringScheduleConfig={"MonitoringJobDefinition": inline, "ScheduleConfig": schedule},
    )
    monitor.scheduled("inline")
    monitor.captured((monitor.clock.now // HOUR + 1) * HOUR)
    monitor.advance(HOUR)
    execution = monitor.ended("inline")
    job = monitor.processing(execution)
    assert job["ProcessingJobName"].startswith("model-monitoring-")
    assert job["Environment"]["color"] == "green"
    assert "MonitoringJobDefinitionName" not in execution
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="inline")


def test_names_are_found_in_any_case(monitor: Monitor) -> None:
    client = monitor.client
    monitor.define(
        "Cased", "DataQuality", COPY, DataQualityJobInput={"EndpointInput": {"EndpointName": "E", "LocalPath": INPUT}}
    )
    client.create_monitoring_schedule(MonitoringScheduleName="Cased", MonitoringScheduleConfig=named("cased"))
    monitor.scheduled("cased")
    monitor.captured((monitor.clock.now // HOUR + 1) * HOUR)
    monitor.advance(HOUR)
    execution = monitor.ended("CASED")
    assert (execution["MonitoringExecutionStatus"], execution["EndpointName"]) == ("Completed", "e")
    for name in ("e", "E"):
        request = {"EndpointName": name, "NameContains": "Cased"}
        (schedule,) = client.list_monitoring_schedules(**request)["MonitoringScheduleSummaries"]
        assert (schedule["MonitoringScheduleName"], schedule["EndpointName"]) == ("Cased", "e")
        assert len(client.list_data_quality_job_definitions(**request)["JobDefinitionSummaries"]) == 1
    client.delete_monitoring_schedule(MonitoringScheduleName="cased")


def test_schedules_are_listed_by_endpoint_definition_and_type(monitor: Monitor) -> None:
    arn = monitor.schedule("found", COPY)

    def names(**request: Any) -> list[str]:
        summaries = monitor.client.list_monitoring_schedules(**request)["MonitoringScheduleSummaries"]
        return [one["MonitoringScheduleName"] for one in summaries]

    (summary,) = monitor.client.list_monitoring_schedules(NameContains="found")["MonitoringScheduleSummaries"]
    assert (summary["MonitoringScheduleArn"], summary["MonitoringScheduleStatus"]) == (arn, "Scheduled")
    assert names(EndpointName="e", MonitoringTypeEquals="DataQuality", StatusEquals="Scheduled") == ["found"]
    assert names(MonitoringJobDefinitionName="found") == ["found"]
    assert names(EndpointName="other") == names(MonitoringTypeEquals="ModelBias") == []
    with pytest.raises(ClientError, match="ResourceInUse"):
        monitor.client.create_monitoring_schedule(
            MonitoringScheduleName="found",
            MonitoringScheduleConfig={"MonitoringJobDefinitionName": "found", "MonitoringType": "DataQuality"},
        )
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="found")


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({}, "Exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName"),
        ({"MonitoringJobDefinitionName": "base"}, "MonitoringType is required"),
        (named("none"), "ResourceNotFound"),
        (named("base", "rate(1 hour)"), "is not supported"),
        (named("base", "NOW"), "are required if ScheduleExpression is NOW"),
        (named("base", DataAnalysisStartTime="-PT30H"), "more than 24 hours"),
        (named("slow"), "must not exceed the frequency"),
        (named("absent"), "Could not find endpoint"),
        (named("silent"), "Data capture is not enabled"),
    ],
)
def test_schedules_that_aws_refuses(refusable: Monitor, config: dict[str, Any], reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        refusable.client.create_monitoring_schedule(MonitoringScheduleName="refused", MonitoringScheduleConfig=config)
