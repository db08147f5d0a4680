"""Monitoring executions: the data they analyze, how they are listed, and what outlives a schedule or a restart."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.contract.monitoring.monitor import (
    COPY,
    HOUR,
    NOON,
    Clock,
    Monitor,
    capturing,
    keys,
)


def test_an_execution_analyzes_the_hour_that_has_ended(monitor: Monitor) -> None:
    arn = monitor.schedule("hourly", COPY)
    due = (monitor.clock.now // HOUR + 1) * HOUR
    key = monitor.captured(due)
    monitor.captured(due - HOUR)
    assert not monitor.executions("hourly")
    monitor.advance(HOUR)
    execution = monitor.ended("hourly")
    assert execution["MonitoringExecutionStatus"] == "Completed"
    assert execution["ScheduledTime"].timestamp() == due
    assert (execution["MonitoringJobDefinitionName"], execution["MonitoringType"]) == ("hourly", "DataQuality")
    job = monitor.processing(execution)
    assert job["MonitoringScheduleArn"] == arn
    assert re.fullmatch(r"data-quality-monitoring-\d{12}-[0-9a-f]{24}", job["ProcessingJobName"])
    window = [datetime.fromisoformat(job["Environment"][name]).timestamp() for name in ("start_time", "end_time")]
    assert window == [due - HOUR, due]
    report = f"reports/e/hourly/{datetime.fromtimestamp(due, UTC):%Y/%m/%d/%H}"
    assert keys(monitor.s3, report) == [f"{report}/algo-1/{key}"]
    described = monitor.client.describe_monitoring_schedule(MonitoringScheduleName="hourly")
    assert described["LastMonitoringExecutionSummary"] == execution
    assert (described["EndpointName"], described["MonitoringType"]) == ("e", "DataQuality")
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="hourly")


def test_captured_invocations_are_what_an_execution_analyzes(monitor: Monitor) -> None:
    runtime = monitor.emulator.client("sagemaker-runtime")
    runtime.invoke_endpoint(EndpointName="e", Body=b"1,2", ContentType="text/csv")
    prefix, placed = "monitored/e/AllTraffic/", "59-59-000-x"  # the names of files that tests have placed
    key = monitor.until(lambda: [key for key in keys(monitor.s3, prefix) if placed not in key], "the capture")[0]
    monitor.clock.now = max(monitor.clock.now, datetime.now(UTC).timestamp())
    window = {"DataAnalysisStartTime": "-PT1H", "DataAnalysisEndTime": "-PT0H"}
    monitor.schedule("live", COPY, expression="NOW", **window)
    execution = monitor.ended("live")
    assert execution["MonitoringExecutionStatus"] == "Completed", execution
    report = f"reports/e/live/{datetime.fromtimestamp(monitor.clock.now, UTC):%Y/%m/%d/%H}"
    assert f"{report}/algo-1/{key.removeprefix('monitored/')}" in keys(monitor.s3, report)
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="live")


def test_executions_are_filtered_sorted_and_paged(monitor: Monitor) -> None:
    monitor.schedule("listed", COPY)
    for count in (1, 2, 3):
        monitor.advance(HOUR)
        monitor.ended("listed", count)
    times = [one["ScheduledTime"] for one in monitor.executions("listed")]
    assert times == sorted(times)
    pages = monitor.client.get_paginator("list_monitoring_executions").paginate(
        MonitoringScheduleName="listed",
        SortBy="ScheduledTime",
        SortOrder="Descending",
        PaginationConfig={"PageSize": 2},
    )
    assert [one["ScheduledTime"] for page in pages for one in page["MonitoringExecutionSummaries"]] == times[::-1]
    assert [one["ScheduledTime"] for one in monitor.executions("listed", ScheduledTimeAfter=times[0])] == times[1:]
    assert [one["ScheduledTime"] for one in monitor.executions("listed", ScheduledTimeBefore=times[1])] == times[:1]
    assert len(monitor.executions("listed", MonitoringJobDefinitionName="listed", EndpointName="e")) == 3
    assert not monitor.executions("listed", MonitoringTypeEquals="ModelBias")
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="listed")


def test_executions_outlive_their_schedule_and_a_namesake_does_not_inherit_them(monitor: Monitor) -> None:
    monitor.schedule("mortal", COPY)
    monitor.advance(HOUR)
    monitor.ended("mortal")
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="mortal")
    monitor.client.delete_data_quality_job_definition(JobDefinitionName="mortal")
    assert len(monitor.executions("mortal")) == 1
    with pytest.raises(ClientError, match="ResourceNotFound"):
        monitor.client.describe_monitoring_schedule(MonitoringScheduleName="mortal")
    monitor.clock.now += 1
    monitor.schedule("mortal", COPY)
    assert "LastMonitoringExecutionSummary" not in monitor.scheduled("mortal")
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="mortal")


def test_an_execution_that_was_under_way_is_taken_up_after_a_restart(
    tmp_path: Any, serve_with_clock: Any, make_hosting: Any, s3: Any, until: Any
) -> None:
    clock = Clock()
    with serve_with_clock(tmp_path, clock) as emulator:
        client = emulator.client("sagemaker")
        capturing(make_hosting(client, s3))
        monitor = Monitor(emulator, client, s3, until, clock)
        monitor.captured(NOON + HOUR)
        monitor.schedule("resumed", "sleep=1", COPY)
        monitor.advance(HOUR)
        first = until(lambda: [one for one in monitor.executions("resumed") if "ProcessingJobArn" in one], "the job")
    clock.now += 2 * HOUR
    with serve_with_clock(tmp_path, clock) as emulator:
        monitor = Monitor(emulator, emulator.client("sagemaker"), s3, until, clock)
        monitor.ended("resumed", 2)
        executions = monitor.executions("resumed")
        assert executions[0]["MonitoringExecutionStatus"] == "Completed"
        assert executions[0]["ProcessingJobArn"] != first[0]["ProcessingJobArn"]
        assert executions[1]["ScheduledTime"].timestamp() == NOON + 3 * HOUR
