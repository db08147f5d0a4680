"""The processing jobs of an execution, as AWS configures them for its schedules."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sagemaker_emulator.monitoring.captured_data import DataFolder
from sagemaker_emulator.monitoring.job import MonitoringJob
from sagemaker_emulator.monitoring.processing_requests import (
    Baseline,
    analysis_prefix,
    analysis_request,
    job_name,
    merge_request,
    merged,
    merger_image,
)
from sagemaker_emulator.resources.monitoring.execution import MonitoringExecution
from sagemaker_emulator.resources.monitoring.job_definition import MonitoringType

ANALYZER = "777275614652.dkr.ecr.us-east-2.amazonaws.com/sagemaker-model-monitor-analyzer"
HOUR = datetime(2021, 5, 6, 23, tzinfo=UTC).timestamp()
PATH = "abalone/AllTraffic/2021/05/06/22"
DEFINITION: dict[str, Any] = {
    "ModelQualityAppSpecification": {
        "ImageUri": ANALYZER,
        "ProblemType": "Regression",
        "PostAnalyticsProcessorSourceUri": "s3://b/code/after.py",
        "Environment": {"publish_cloudwatch_metrics": "Disabled"},
    },
    "ModelQualityJobInput": {
        "EndpointInput": {
            "EndpointName": "abalone",
            "LocalPath": "/opt/ml/processing/input_data",
            "InferenceAttribute": "0",
            "ProbabilityThresholdAttribute": 0.7,
        },
        "GroundTruthS3Input": {"S3Uri": "s3://b/truth"},
    },
    "ModelQualityJobOutputConfig": {
        "MonitoringOutputs": [{"S3Output": {"S3Uri": "s3://b/results/", "LocalPath": "/opt/ml/processing/output"}}]
    },
    "JobResources": {"ClusterConfig": {"InstanceCount": 1, "InstanceType": "ml.m5.xlarge", "VolumeSizeInGB": 20}},
    "RoleArn": "arn:aws:iam::123456789012:role/SageMaker",
    "StoppingCondition": {"MaxRuntimeInSeconds": 1800},
}


@pytest.fixture
def job() -> MonitoringJob:
    return MonitoringJob.from_definition(MonitoringType.MODEL_QUALITY, DEFINITION)


@pytest.fixture
def execution() -> MonitoringExecution:
    return MonitoringExecution(
        name="nightly/1",
        arn="arn",
        schedule_name="nightly",
        started_by="schedule-arn",
        config={},
        monitoring_type="ModelQuality",
        endpoint_name="abalone",
        definition_name="d",
        scheduled=HOUR,
        window_start=HOUR - 3600,
        window_end=HOUR,
        created=HOUR,
        modified=HOUR,
    )


def test_the_names_of_processing_jobs(job: MonitoringJob, execution: MonitoringExecution) -> None:
    name = job_name(execution, analysis_prefix(job, is_inline=False), 0)
    assert name.startswith("model-quality-monitoring-202105062300-")
    assert len(name.rpartition("-")[2]) == 24
    assert len(name) <= 63
    assert job_name(execution, "model-quality-monitoring", 1) != name
    assert analysis_prefix(job, is_inline=True) == "model-monitoring"


def test_the_merge_brings_both_sides_into_their_folders(job: MonitoringJob) -> None:
    captured = [DataFolder(f"s3://b/capture/{PATH}", PATH)]
    truth = [DataFolder("s3://b/truth/2021/05/06/22", "2021/05/06/22")]
    request = merge_request(job, captured, truth, "us-east-2")
    assert request["AppSpecification"] == {"ImageUri": merger_image(ANALYZER, "us-east-2")}
    assert {one["S3Input"]["LocalPath"]: one["S3Input"]["S3Uri"] for one in request["ProcessingInputs"]} == {
        "/opt/ml/processing/groundtruth/2021/05/06/22": "s3://b/truth/2021/05/06/22",
        f"/opt/ml/processing/input_data/{PATH}": f"s3://b/capture/{PATH}",
    }
    output = request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
    assert output["S3Uri"] == "s3://b/results/merge"
    assert merged(job, captured) == [DataFolder(f"s3://b/results/merge/{PATH}", PATH)]


def test_the_analysis_gets_the_variables_of_the_contract(job: MonitoringJob, execution: MonitoringExecution) -> None:
    folders = [DataFolder(f"s3://b/results/merge/{PATH}", PATH)]
    request = analysis_request(job, execution, folders, Baseline("s3://b/base/constraints.json"))
    environment = request["Environment"]
    assert json.loads(environment.pop("dataset_format")) == {
        "sagemakerMergeJson": {"captureIndexNames": ["endpointOutput"]}
    }
    assert environment == {
        "analysis_type": "MODEL_QUALITY",
        "baseline_constraints": "/opt/ml/processing/baseline/constraints/constraints.json",
        "dataset_source": "/opt/ml/processing/input_data",
        "end_time": "2021-05-06T23:00:00Z",
        "inference_attribute": "0",
        "metric_time": "2021-05-06T22:00:00Z",
        "output_path": "/opt/ml/processing/output",
        "post_analytics_processor_script": "/opt/ml/processing/code/postprocessing/after.py",
        "probability_threshold_attribute": "0.7",
        "problem_type": "Regression",
        "publish_cloudwatch_metrics": "Disabled",  # the definition's value overrides the platform's
        "sagemaker_endpoint_name": "abalone",
        "sagemaker_monitoring_schedule_name": "nightly",
        "start_time": "2021-05-06T22:00:00Z",
    }
    output = request["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]
    assert output["S3Uri"] == "s3://b/results/abalone/nightly/2021/05/06/23"
    assert output["S3UploadMode"] == "Continuous"
    assert request["StoppingCondition"] == {"MaxRuntimeInSeconds": 1800}


def test_the_merge_of_ones_own_analyzer_runs_in_awss_image_of_the_region() -> None:
    own = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mine:1"
    assert merger_image(own, "eu-west-1").endswith(
        ".dkr.ecr.eu-west-1.amazonaws.com/sagemaker-model-monitor-groundtruth-merger"
    )
    assert merger_image(ANALYZER, "us-east-2").startswith("777275614652.")
