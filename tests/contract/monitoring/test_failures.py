"""Monitoring executions that fail, and their reasons."""

from __future__ import annotations

import pytest
from tests.contract.monitoring.monitor import (
    BUCKET,
    COPY,
    HOUR,
    HOURLY,
    INPUT,
    Monitor,
    named,
)


def test_an_hour_without_captured_data_fails_in_awss_words(monitor: Monitor) -> None:
    monitor.schedule("quiet", COPY, expression="cron(0 0/1 ? * * *)")
    monitor.clock.now += 48 * HOUR  # beyond the data of other tests
    monitor.advance(0)
    execution = monitor.ended("quiet")
    assert (execution["MonitoringExecutionStatus"], execution["FailureReason"]) == ("Failed", "Job inputs had no data")
    assert "ProcessingJobArn" not in execution
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="quiet")


@pytest.mark.parametrize("type_", ["ModelBias", "ModelExplainability"])
def test_bias_and_explainability_are_refused_at_their_execution_by_name(monitor: Monitor, type_: str) -> None:
    name = f"clarify-{type_}"
    monitor.define(name, type_)
    config = {"MonitoringJobDefinitionName": name, "MonitoringType": type_}
    monitor.client.create_monitoring_schedule(
        MonitoringScheduleName=name,
        MonitoringScheduleConfig={**config, "ScheduleConfig": {"ScheduleExpression": HOURLY}},
    )
    monitor.scheduled(name)
    monitor.advance(HOUR)
    execution = monitor.ended(name)
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert execution["FailureReason"].startswith(f"{type_}: ")
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName=name)


def test_batch_transform_input_is_refused_at_its_execution_by_name(monitor: Monitor) -> None:
    batch = {
        "DataCapturedDestinationS3Uri": f"s3://{BUCKET}/batch",
        "DatasetFormat": {"Csv": {"Header": False}},
        "LocalPath": INPUT,
    }
    monitor.define("batch", DataQualityJobInput={"BatchTransformInput": batch})
    monitor.client.create_monitoring_schedule(MonitoringScheduleName="batch", MonitoringScheduleConfig=named("batch"))
    monitor.scheduled("batch")
    monitor.advance(HOUR)
    execution = monitor.ended("batch")
    assert execution["FailureReason"].startswith("BatchTransformInput: ")
    assert "EndpointName" not in execution
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="batch")


def test_an_execution_fails_when_its_definition_is_gone(monitor: Monitor) -> None:
    monitor.schedule("orphan", COPY)
    monitor.client.delete_data_quality_job_definition(JobDefinitionName="orphan")
    monitor.advance(HOUR)
    assert "Could not find DataQuality job definition" in monitor.ended("orphan")["FailureReason"]
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="orphan")


def test_an_execution_fails_when_its_analyzer_fails(monitor: Monitor) -> None:
    monitor.schedule("broken", "exit=3")
    monitor.captured((monitor.clock.now // HOUR + 1) * HOUR)
    monitor.advance(HOUR)
    execution = monitor.ended("broken")
    assert execution["MonitoringExecutionStatus"] == "Failed"
    assert "AlgorithmError" in execution["FailureReason"]
    assert monitor.processing(execution)["ProcessingJobStatus"] == "Failed"
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="broken")
