"""Model Monitor, as boto3 sees it: definitions, schedules that fire, executions and alerts.

The tests set the clock of the schedules. The analyzer is the contract container, which does what its arguments say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

BUCKET = "contract"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
ROLE = "arn:aws:iam::000000000000:role/sagemaker"
INPUT, OUTPUT = "/opt/ml/processing/input/endpoint", "/opt/ml/processing/output"
COPY = f"copy={INPUT}:{OUTPUT}"
HOURLY = "cron(0 * ? * * *)"
ENDED = ("Completed", "CompletedWithViolations", "Failed", "Stopped")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()
HOUR = 3600
TYPES = ("DataQuality", "ModelQuality", "ModelBias", "ModelExplainability")
RESOURCES = {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.large", "VolumeSizeInGB": 1}}


@dataclass
class Clock:
    """A clock that only the test moves."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now


@dataclass
class Monitor:
    """One emulator with an endpoint `e` that captures data, and a clock."""

    emulator: Any
    client: Any
    s3: Any
    until: Any
    clock: Clock
    count: int = field(default=0)

    def advance(self, seconds: float) -> None:
        self.clock.now += seconds
        self.emulator.instance.monitoring.scheduler.wake()

    def captured(self, hour: float, text: str = "{}\n", variant: str = "AllTraffic") -> str:
        """Put a capture file of the hour that ends at `hour`, and return its key below the destination."""
        folder = datetime.fromtimestamp(hour - 1, UTC).strftime("%Y/%m/%d/%H")
        key = f"e/{variant}/{folder}/59-59-000-x.jsonl"
        self.s3.put_object(Bucket=BUCKET, Key=f"monitored/{key}", Body=text.encode())
        return key

    def define(self, name: str, type_: str = "DataQuality", *arguments: str, **changes: Any) -> str:
        request = definition(type_, *arguments)
        create = getattr(self.client, f"create_{OPERATION[type_]}_job_definition")
        arn: str = create(JobDefinitionName=name, **{**request, **changes})["JobDefinitionArn"]
        return arn

    def schedule(self, name: str, *arguments: str, expression: str = HOURLY, **more: Any) -> str:
        """Create a schedule with a definition of its own."""
        self.define(name, "DataQuality", *arguments)
        config = named(name, expression, **more)
        arn: str = self.client.create_monitoring_schedule(MonitoringScheduleName=name, MonitoringScheduleConfig=config)[
            "MonitoringScheduleArn"
        ]
        self.scheduled(name)
        return arn

    def scheduled(self, name: str) -> dict[str, Any]:
        def accepted() -> Any:
            described = self.client.describe_monitoring_schedule(MonitoringScheduleName=name)
            return described if described["MonitoringScheduleStatus"] == "Scheduled" else None

        found: dict[str, Any] = self.until(accepted, f"{name} to be Scheduled")
        return found

    def executions(self, name: str, **request: Any) -> list[dict[str, Any]]:
        """Return the executions of a schedule, the first one first."""
        answer = self.client.list_monitoring_executions(MonitoringScheduleName=name, SortOrder="Ascending", **request)
        found: list[dict[str, Any]] = answer["MonitoringExecutionSummaries"]
        return found

    def ended(self, name: str, count: int = 1) -> dict[str, Any]:
        """Return the last of `count` executions when all have ended."""

        def over() -> Any:
            found = self.executions(name)
            done = len(found) >= count and all(one["MonitoringExecutionStatus"] in ENDED for one in found)
            return found[-1] if done else None

        last: dict[str, Any] = self.until(over, f"{count} executions of {name}")
        return last

    def processing(self, execution: dict[str, Any]) -> dict[str, Any]:
        name = execution["ProcessingJobArn"].rpartition("/")[2]
        job: dict[str, Any] = self.client.describe_processing_job(ProcessingJobName=name)
        return job


OPERATION = {
    "DataQuality": "data_quality",
    "ModelQuality": "model_quality",
    "ModelBias": "model_bias",
    "ModelExplainability": "model_explainability",
}


def definition(type_: str, *arguments: str) -> dict[str, Any]:
    application: dict[str, Any] = {"ImageUri": IMAGE}
    if type_ in ("ModelBias", "ModelExplainability"):
        application["ConfigUri"] = f"s3://{BUCKET}/config.json"
    elif arguments:
        application["ContainerArguments"] = list(arguments)
    inputs: dict[str, Any] = {"EndpointInput": {"EndpointName": "e", "LocalPath": INPUT}}
    if type_ in ("ModelQuality", "ModelBias"):
        inputs["GroundTruthS3Input"] = {"S3Uri": f"s3://{BUCKET}/truth"}
    output = {"S3Uri": f"s3://{BUCKET}/reports", "LocalPath": OUTPUT}
    return {
        f"{type_}AppSpecification": application,
        f"{type_}JobInput": inputs,
        f"{type_}JobOutputConfig": {"MonitoringOutputs": [{"S3Output": output}]},
        "JobResources": RESOURCES,
        "RoleArn": ROLE,
    }


def capturing(hosting: Any) -> None:
    """Create the endpoint `e`, which captures data, and `silent`, which does not."""
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/monitored",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    assert hosting.simple("e", DataCaptureConfig=capture)["EndpointStatus"] == "InService"
    hosting.config("silent", {"VariantName": "AllTraffic", "ModelName": "e"})
    hosting.endpoint("silent", "silent")


@pytest.fixture(scope="module")
def monitor(
    tmp_path_factory: pytest.TempPathFactory, serve_with_clock: Any, make_hosting: Any, s3: Any, until: Any
) -> Iterator[Monitor]:
    clock = Clock()
    with serve_with_clock(tmp_path_factory.mktemp("monitoring"), clock) as emulator:
        client = emulator.client("sagemaker")
        capturing(make_hosting(client, s3))
        yield Monitor(emulator, client, s3, until, clock)


@pytest.mark.parametrize("type_", TYPES)
def test_a_definition_is_created_described_listed_and_deleted(monitor: Monitor, type_: str) -> None:
    arn = monitor.define(f"d-{type_}", type_, Tags=[{"Key": "team", "Value": "bikes"}])
    call = {
        name: getattr(monitor.client, f"{name}_{OPERATION[type_]}_job_definition") for name in ("describe", "delete")
    }
    described = call["describe"](JobDefinitionName=f"d-{type_}")
    assert described["JobDefinitionArn"] == arn
    assert f":{OPERATION[type_].replace('_', '-')}-job-definition/" in arn
    assert described[f"{type_}AppSpecification"]["ImageUri"] == IMAGE
    assert monitor.client.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "bikes"}]
    listing = getattr(monitor.client, f"list_{OPERATION[type_]}_job_definitions")
    (summary,) = listing(EndpointName="e", NameContains=f"d-{type_}")["JobDefinitionSummaries"]
    assert (summary["MonitoringJobDefinitionArn"], summary["EndpointName"]) == (arn, "e")
    assert not listing(EndpointName="other")["JobDefinitionSummaries"]
    with pytest.raises(ClientError, match="ResourceInUse"):
        monitor.define(f"d-{type_}", type_)
    call["delete"](JobDefinitionName=f"d-{type_}")
    for operation in call.values():
        with pytest.raises(ClientError, match="ResourceNotFound"):
            operation(JobDefinitionName=f"d-{type_}")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"RoleArn": "arn:aws:iam::000000000000:role/nobody"}, "Could not assume role"),
        ({"DataQualityJobInput": {}}, "needs an EndpointInput or a BatchTransformInput"),
        (
            {"DataQualityAppSpecification": {"ImageUri": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/mine:1"}},
            "Invalid region eu-west-1",
        ),
    ],
)
def test_a_definition_that_could_never_run_is_refused(monitor: Monitor, changes: Any, reason: str) -> None:
    with pytest.raises(ClientError, match=reason):
        monitor.define("refused", **changes)


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
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="violated")


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


def test_an_hour_without_captured_data_fails_in_awss_words(monitor: Monitor) -> None:
    monitor.schedule("quiet", COPY, expression="cron(0 0/1 ? * * *)")
    monitor.clock.now += 48 * HOUR  # beyond the data of other tests
    monitor.advance(0)
    execution = monitor.ended("quiet")
    assert (execution["MonitoringExecutionStatus"], execution["FailureReason"]) == ("Failed", "Job inputs had no data")
    assert "ProcessingJobArn" not in execution
    monitor.client.delete_monitoring_schedule(MonitoringScheduleName="quiet")


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


def named(name: str, expression: str = HOURLY, **schedule: str) -> dict[str, Any]:
    config = {"MonitoringJobDefinitionName": name, "MonitoringType": "DataQuality"}
    return {**config, "ScheduleConfig": {"ScheduleExpression": expression, **schedule}}


@pytest.fixture(scope="module")
def refusable(monitor: Monitor) -> Monitor:
    """Return the monitor with definitions that can be created, though some of them cannot be scheduled."""
    monitor.define("base")
    monitor.define("slow", StoppingCondition={"MaxRuntimeInSeconds": HOUR + 1})
    for name in ("absent", "silent"):
        monitor.define(name, DataQualityJobInput={"EndpointInput": {"EndpointName": name, "LocalPath": INPUT}})
    return monitor


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


def alert_of(monitor: Monitor, schedule: str, status: str) -> Any:
    """Return the schedule's alert if it has this status."""
    (alert,) = monitor.client.list_monitoring_alerts(MonitoringScheduleName=schedule)["MonitoringAlertSummaries"]
    return alert if alert["AlertStatus"] == status else None


def keys(s3: Any, prefix: str) -> list[str]:
    return [entry["Key"] for entry in s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", ())]
