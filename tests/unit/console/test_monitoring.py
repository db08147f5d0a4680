"""Monitoring schedules: the baseline, the windows, and the features that differ."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.console.conftest import Open
from tests.unit.console.doubles import NOW, endpoint_answers
from tests.unit.console.test_changes import STACK

from console.aws.monitoring.schedules import parsed

BODY = {
    "violations": [
        {"feature_name": "brightness", "constraint_check_type": "baseline_drift_check", "description": "too <dark>"}
    ]
}
SUMMARY = {
    "MonitoringScheduleName": "hourly",
    "MonitoringScheduleStatus": "Scheduled",
    "MonitoringType": "DataQuality",
    "EndpointName": "bikes",
    "LastModifiedTime": NOW,
}
CONFIG = {
    "ScheduleConfig": {"ScheduleExpression": "cron(0 * ? * * *)"},
    "MonitoringJobDefinitionName": "quality",
}
BASELINE = {"ConstraintsResource": {"S3Uri": "s3://images/baseline/constraints.json"}}
OUTPUT = {"S3Output": {"S3Uri": "s3://images/monitoring/09", "LocalPath": "/opt", "S3UploadMode": "EndOfJob"}}
ANSWERS: dict[str, Any] = {
    **endpoint_answers({"monitoring/09/constraint_violations.json": json.dumps(BODY).encode()}),
    "sagemaker.list_monitoring_schedules": {"MonitoringScheduleSummaries": [SUMMARY]},
    "sagemaker.describe_monitoring_schedule": {**SUMMARY, "MonitoringScheduleConfig": CONFIG},
    "sagemaker.describe_data_quality_job_definition": {"DataQualityBaselineConfig": BASELINE},
    "sagemaker.list_monitoring_executions": {
        "MonitoringExecutionSummaries": [
            {
                "ScheduledTime": NOW,
                "MonitoringExecutionStatus": "CompletedWithViolations",
                "ProcessingJobArn": "arn:aws:sagemaker:eu-central-1:123456789012:processing-job/analysis-1",
            },
            {"ScheduledTime": NOW, "MonitoringExecutionStatus": "Failed", "FailureReason": "Job inputs had no data"},
        ]
    },
    "sagemaker.list_monitoring_alerts": {
        "MonitoringAlertSummaries": [
            {"MonitoringAlertName": "a", "AlertStatus": "InAlert", "DatapointsToAlert": 1, "EvaluationPeriod": 2}
        ]
    },
    "sagemaker.describe_processing_job": {"ProcessingOutputConfig": {"Outputs": [OUTPUT]}},
}


def test_a_schedule_shows_its_baseline_its_windows_and_the_features_that_differ(open_console: Open) -> None:
    page = open_console(ANSWERS).get("/monitoring/hourly").text
    for text in (
        "every hour <code>cron(0 * ? * * *)",
        "s3://images/baseline/constraints.json",
        "InAlert",
        "Job inputs had no data",
    ):
        assert text in page
    assert "brightness<small>baseline drift check: too &lt;dark&gt;" in page
    assert "1 of 1 windows" in page


def test_the_list_names_each_schedule_and_its_endpoint(open_console: Open) -> None:
    page = open_console(ANSWERS).get("/monitoring").text
    assert 'href="/monitoring/hourly"' in page
    assert "DataQuality of bikes" in page


def test_the_list_says_what_the_glyphs_of_windows_mean(open_console: Open) -> None:
    page = open_console(ANSWERS).get("/monitoring").text
    key = page[page.index("strip-key") :]
    for words in ("no difference", "differs from the baseline", "failed", "running", "newest at the right"):
        assert words in key


def test_a_window_whose_file_is_gone_has_no_violations(open_console: Open) -> None:
    gone: dict[str, Any] = {"sagemaker.describe_processing_job": {"ProcessingOutputConfig": {"Outputs": []}}}
    assert "No violation" in open_console(ANSWERS | gone).get("/monitoring/hourly").text


def test_a_damaged_file_has_no_violations() -> None:
    assert parsed(b'{"violations": [{"feature_name": 1}]}') == []
    assert parsed(b"\xff") == []


def test_a_schedule_of_the_workflows_endpoint_names_its_classes(open_console: Open) -> None:
    violation = {"feature_name": "probability_0", "constraint_check_type": "baseline_drift_check", "description": "low"}
    files = {"monitoring/09/constraint_violations.json": json.dumps({"violations": [violation]}).encode()}
    answers = {**ANSWERS, **endpoint_answers(files), "cloudformation.describe_stacks": {"Stacks": [STACK]}}
    assert "probability of bicycle<small>" in open_console(answers).get("/monitoring/hourly").text
