"""The SageMaker Python SDK v2's Model Monitor, with AWS's prebuilt images: baselines, schedules, violations."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from tests.contract.sdk_v2 import sdk_surroundings
from tests.unit.image_monitoring.pictures import captured, pictures, png

from scones.sagemaker_sdk import CONFIG, quiet

with quiet():
    import sagemaker.session
    import sagemaker.utils
    from sagemaker.model_monitor import (
        CronExpressionGenerator,
        DefaultModelMonitor,
        EndpointInput,
        ModelQualityMonitor,
        MonitoringExecution,
    )
    from sagemaker.model_monitor.dataset_format import DatasetFormat
    from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
    from sagemaker.session import Session

# Some of the SDK's own calls to pandas and boto3 are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")

ROLE = "arn:aws:iam::000000000000:role/sagemaker"
BUCKET = "contract"
FOLDER = "/opt/ml/processing"
HOUR = 3600
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC).timestamp()
MACHINE: dict[str, Any] = {"instance_count": 1, "instance_type": "ml.m5.large", "max_runtime_in_seconds": 1800}
ROWS = "score,size,color\n" + "".join(f"0.{number % 10}5,{number % 7},{'rgb'[number % 3]}\n" for number in range(60))


class HurriedSession:
    """The clock of the SDK's session, on which a minute lasts a quarter of a second."""

    HURRY = 240

    def time(self) -> float:
        return time.time() * self.HURRY

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / self.HURRY)  # the SDK polls with this clock


class HurriedUtils:
    """The module `time` with a shorter sleep."""

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds / HurriedSession.HURRY)  # as above


@dataclass
class Monitored:
    """An emulator with an endpoint `sdk` that captures data, whose schedules go by `now`."""

    emulator: Any
    session: Any
    s3: Any
    until: Any
    now: float = NOON

    def capture(self, records: list[tuple[str, str]]) -> None:
        """Put captured CSV, as pairs of request and answer, into the current hour."""
        time = datetime.fromtimestamp(self.now + 60, UTC)
        self.put([record(f"{time:%H}-{number}", time, *one) for number, one in enumerate(records)])

    def put(self, records: list[dict[str, Any]]) -> None:
        """Put records into the current hour."""
        time = datetime.fromtimestamp(self.now + 60, UTC)
        key = f"sdk-monitored/sdk/AllTraffic/{time:%Y/%m/%d/%H}/01-00-000-x.jsonl"
        lines = []
        for one in records:
            one["eventMetadata"]["inferenceTime"] = f"{time:%Y-%m-%dT%H:%M:%SZ}"
            lines.append(json.dumps(one))
        self.s3.put_object(Bucket=BUCKET, Key=key, Body="\n".join(lines).encode())

    def label(self, labels: list[str]) -> None:
        """Put ground truth for the records of the current hour, in their order."""
        time = datetime.fromtimestamp(self.now + 120, UTC)
        lines = [
            json.dumps(
                {
                    "groundTruthData": {"data": label, "encoding": "CSV"},
                    "eventMetadata": {"eventId": f"{time:%H}-{number}"},
                    "eventVersion": "0",
                }
            )
            for number, label in enumerate(labels)
        ]
        key = f"sdk-truth/{time:%Y/%m/%d/%H}/labels.jsonl"
        self.s3.put_object(Bucket=BUCKET, Key=key, Body="\n".join(lines).encode())

    def pass_an_hour(self, monitor: Any) -> dict[str, Any]:
        """Move the clock to the next hour, and return the execution that ended."""
        self.now += HOUR
        self.emulator.instance.monitoring.scheduler.wake()

        def over() -> Any:
            summaries = self.session.list_monitoring_executions(monitor.monitoring_schedule_name)
            found = [
                one for one in summaries["MonitoringExecutionSummaries"] if one["ScheduledTime"].timestamp() == self.now
            ]
            return (
                found[0] if found and found[0]["MonitoringExecutionStatus"] not in ("Pending", "InProgress") else None
            )

        ended: dict[str, Any] = self.until(over, "the execution of the hour")
        return ended


def record(event_id: str, time: datetime, request: str, answer: str) -> dict[str, Any]:
    sides = {"endpointInput": ("INPUT", request), "endpointOutput": ("OUTPUT", answer)}
    data = {
        name: {"observedContentType": "text/csv", "mode": mode, "data": text, "encoding": "CSV"}
        for name, (mode, text) in sides.items()
    }
    metadata = {"eventId": event_id, "inferenceTime": f"{time:%Y-%m-%dT%H:%M:%SZ}"}
    return {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}


@pytest.fixture(scope="module")
def monitored(
    tmp_path_factory: pytest.TempPathFactory, serve_with_clock: Any, make_hosting: Any, s3: Any, until: Any
) -> Iterator[Monitored]:
    held: list[Monitored] = []

    def clock() -> float:
        return held[0].now if held else NOON

    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": f"s3://{BUCKET}/sdk-monitored",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    }
    with (
        serve_with_clock(tmp_path_factory.mktemp("state"), clock) as emulator,
        sdk_surroundings(emulator.url) as environment,
    ):
        environment.setattr(sagemaker.session, "time", HurriedSession())
        environment.setattr(sagemaker.utils, "time", HurriedUtils())
        session = Session(boto_session=boto3.Session(), default_bucket=BUCKET, sagemaker_config=CONFIG)
        make_hosting(emulator.client("sagemaker"), s3).simple("sdk", DataCaptureConfig=capture)
        held.append(Monitored(emulator, session, s3, until))
        yield held[0]


def test_data_quality_from_the_baseline_to_its_violations(monitored: Monitored, tmp_path: Path) -> None:
    (tmp_path / "train.csv").write_text(ROWS)
    monitor = DefaultModelMonitor(ROLE, **MACHINE, sagemaker_session=monitored.session)
    monitor.suggest_baseline(
        baseline_dataset=str(tmp_path / "train.csv"),
        dataset_format=DatasetFormat.csv(header=True),
        output_s3_uri=f"s3://{BUCKET}/sdk-baseline",
        wait=True,
        logs=False,
    )
    features = {one["name"]: one for one in monitor.baseline_statistics().body_dict["features"]}
    assert features["size"]["numerical_statistics"]["max"] == 6.0
    constraints = monitor.suggested_constraints()
    assert [one["inferred_type"] for one in constraints.body_dict["features"]] == ["Fractional", "Integral", "String"]

    monitor.create_monitoring_schedule(
        monitor_schedule_name="sdk-data",
        endpoint_input="sdk",
        output_s3_uri=f"s3://{BUCKET}/sdk-reports",
        statistics=monitor.baseline_statistics(),
        constraints=constraints,
        schedule_cron_expression=CronExpressionGenerator.hourly(),
        enable_cloudwatch_metrics=True,
    )
    assert monitor.list_executions() == []
    monitored.capture([(f"{number % 7},{'rgb'[number % 3]}", f"0.{number % 10}5") for number in range(60)])
    assert monitored.pass_an_hour(monitor)["MonitoringExecutionStatus"] == "Completed"
    assert monitor.latest_monitoring_constraint_violations().body_dict == {"violations": []}

    monitored.capture([(f"{number}.5,{'rgbx'[number % 4]}", f"0.{number % 10}5") for number in range(60)])
    assert monitored.pass_an_hour(monitor)["MonitoringExecutionStatus"] == "CompletedWithViolations"
    violations = monitor.latest_monitoring_constraint_violations().body_dict["violations"]
    assert {(one["feature_name"], one["constraint_check_type"]) for one in violations} == {
        ("size", "data_type_check"),
        ("size", "baseline_drift_check"),
        ("color", "categorical_values_check"),
    }
    statistics = monitor.latest_monitoring_statistics().body_dict
    assert statistics["dataset"]["item_count"] == 60
    executions = monitor.list_executions()
    assert [type(one) for one in executions] == [MonitoringExecution, MonitoringExecution]
    assert executions[-1].describe()["ExitMessage"].startswith("CompletedWithViolations")

    names = {
        one["MetricName"]
        for one in boto3.client("cloudwatch").list_metrics(Namespace="aws/sagemaker/Endpoints/data-metrics")["Metrics"]
    }
    assert {"feature_data_size", "feature_non_null_color", "feature_baseline_drift_score"} <= names
    (alerts, _) = monitor.list_monitoring_alerts()
    assert [alert.alert_status for alert in alerts] == ["InAlert"]
    monitor.update_monitoring_alert(alerts[0].alert_name, data_points_to_alert=2, evaluation_period=2)
    (history, _) = monitor.list_monitoring_alert_history()
    assert [one.alert_status for one in history] == ["InAlert"]

    attached = DefaultModelMonitor.attach("sdk-data", monitored.session)
    assert attached.latest_monitoring_statistics().body_dict == statistics
    monitor.update_monitoring_schedule(schedule_cron_expression=CronExpressionGenerator.daily(hour=5))
    assert monitor.describe_schedule()["MonitoringScheduleConfig"]["ScheduleConfig"]["ScheduleExpression"] == (
        "cron(0 5 ? * * *)"
    )
    monitor.stop_monitoring_schedule()
    assert monitor.describe_schedule()["MonitoringScheduleStatus"] == "Stopped"
    monitor.start_monitoring_schedule()
    monitor.delete_monitoring_schedule()


def test_model_quality_merges_ground_truth_and_finds_a_worse_model(monitored: Monitored, tmp_path: Path) -> None:
    validation = "".join(f"{number % 2},{0.8 if number % 2 else 0.1},{number % 2}\n" for number in range(20))
    (tmp_path / "validation.csv").write_text("prediction,probability,label\n" + validation)
    monitor = ModelQualityMonitor(ROLE, **MACHINE, sagemaker_session=monitored.session)
    monitor.suggest_baseline(
        baseline_dataset=str(tmp_path / "validation.csv"),
        dataset_format=DatasetFormat.csv(header=True),
        problem_type="BinaryClassification",
        inference_attribute="prediction",
        probability_attribute="probability",
        ground_truth_attribute="label",
        output_s3_uri=f"s3://{BUCKET}/sdk-quality-baseline",
        wait=True,
        logs=False,
    )
    constraints = monitor.suggested_constraints()
    assert constraints.body_dict["binary_classification_constraints"]["auc"] == {
        "threshold": 1.0,
        "comparison_operator": "LessThanThreshold",
    }
    monitor.create_monitoring_schedule(
        monitor_schedule_name="sdk-quality",
        endpoint_input=EndpointInput(
            "sdk", "/opt/ml/processing/input/endpoint", inference_attribute="0", probability_attribute="1"
        ),
        ground_truth_input=f"s3://{BUCKET}/sdk-truth",
        problem_type="BinaryClassification",
        output_s3_uri=f"s3://{BUCKET}/sdk-quality",
        constraints=constraints,
        schedule_cron_expression=CronExpressionGenerator.hourly(),
        enable_cloudwatch_metrics=True,
    )
    monitored.capture([("1,2", "1,0.9" if number % 2 else "0,0.2") for number in range(10)])
    monitored.label([str(number % 2) for number in range(8)] + ["1"])
    execution = monitored.pass_an_hour(monitor)
    assert execution["MonitoringExecutionStatus"] == "CompletedWithViolations"
    violations = monitor.latest_monitoring_constraint_violations().body_dict["violations"]
    assert "accuracy" in {one["metric_name"] for one in violations}
    matrix = monitor.latest_monitoring_statistics().body_dict["binary_classification_metrics"]["confusion_matrix"]
    assert matrix == {"0": {"0": 4, "1": 0}, "1": {"0": 1, "1": 4}}
    jobs = monitored.session.sagemaker_client.list_processing_jobs(NameContains="groundtruth-merge-")
    (merge,) = jobs["ProcessingJobSummaries"]
    digest = execution["ProcessingJobArn"].rpartition("-monitoring-")[2]
    assert merge["ProcessingJobName"].partition("-merge-")[2].partition("-")[0] == digest.partition("-")[0]
    monitor.delete_monitoring_schedule()


def test_captured_images_are_compared_as_images(monitored: Monitored) -> None:
    monitor = DefaultModelMonitor(ROLE, **MACHINE, sagemaker_session=monitored.session)
    for name, brightness in (("reference", 1.0), ("dark", 0.4)):
        images = pictures(60, seed=len(name), brightness=brightness)
        records = [captured(png(one), [0.5, 0.5], number) for number, one in enumerate(images)]
        body = "".join(json.dumps(one) + "\n" for one in records)
        monitored.s3.put_object(Bucket=BUCKET, Key=f"sdk-images/{name}/x.jsonl", Body=body.encode())
        if name == "dark":
            monitored.put(records)
    baseline = Processor(ROLE, monitor.image_uri, **MACHINE, sagemaker_session=monitored.session)
    baseline.run(
        inputs=[ProcessingInput(f"s3://{BUCKET}/sdk-images/reference", f"{FOLDER}/input/endpoint")],
        outputs=[ProcessingOutput(f"{FOLDER}/output", f"s3://{BUCKET}/sdk-images/baseline")],
        wait=True,
        logs=False,
    )
    monitor.create_monitoring_schedule(
        monitor_schedule_name="sdk-images",
        endpoint_input="sdk",
        output_s3_uri=f"s3://{BUCKET}/sdk-images/reports",
        statistics=f"s3://{BUCKET}/sdk-images/baseline/statistics.json",
        constraints=f"s3://{BUCKET}/sdk-images/baseline/constraints.json",
        schedule_cron_expression=CronExpressionGenerator.hourly(),
    )
    assert monitored.pass_an_hour(monitor)["MonitoringExecutionStatus"] == "CompletedWithViolations"
    violations = monitor.latest_monitoring_constraint_violations().body_dict["violations"]
    assert "brightness" in {one["feature_name"] for one in violations}
    monitor.delete_monitoring_schedule()
