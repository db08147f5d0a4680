"""The requests of an execution's processing jobs, with the names, paths and variables that AWS gives them.

Source: processing job configurations that AWS wrote for schedules, and "Container Contract Inputs" in the guide.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sagemaker_emulator.monitoring.captured_data import DataFolder
from sagemaker_emulator.monitoring.job import MonitoringJob
from sagemaker_emulator.monitoring.windows import iso_time
from sagemaker_emulator.resources.monitoring.execution import MonitoringExecution
from sagemaker_emulator.resources.monitoring.job_definition import MonitoringType

ANALYZER = "sagemaker-model-monitor-analyzer"
MERGER = "sagemaker-model-monitor-groundtruth-merger"
AWS_ACCOUNT = "156813124566"  # owns the prebuilt images in us-east-1
MERGE_INPUT, MERGE_TRUTH = "/opt/ml/processing/input_data", "/opt/ml/processing/groundtruth"
MERGE_OUTPUT = "/opt/ml/processing/output"
CONSTRAINTS, STATISTICS = "/opt/ml/processing/baseline/constraints", "/opt/ml/processing/baseline/stats"
PREPROCESSING, POSTPROCESSING = "/opt/ml/processing/code/preprocessing", "/opt/ml/processing/code/postprocessing"
MERGE_PREFIX, INLINE_PREFIX = "groundtruth-merge", "model-monitoring"
SCRIPTS = {
    "record_preprocessor_script": ("RecordPreprocessorSourceUri", PREPROCESSING),
    "post_analytics_processor_script": ("PostAnalyticsProcessorSourceUri", POSTPROCESSING),
}
ATTRIBUTES = {
    "inference_attribute": "InferenceAttribute",
    "probability_attribute": "ProbabilityAttribute",
    "probability_threshold_attribute": "ProbabilityThresholdAttribute",
}


@dataclass(frozen=True)
class Baseline:
    """The baseline's files in S3, None where there is none."""

    constraints_uri: str | None = None
    statistics_uri: str | None = None


def job_name(execution: MonitoringExecution, prefix: str, attempt: int) -> str:
    """Return the name of a processing job: what it does, the scheduled time, and 24 hexadecimal digits."""
    digest = hashlib.sha256(f"{execution.arn} {execution.name} {attempt}".encode()).hexdigest()[:24]
    return f"{prefix}-{datetime.fromtimestamp(execution.scheduled, UTC):%Y%m%d%H%M}-{digest}"


def analysis_prefix(job: MonitoringJob, is_inline: bool) -> str:
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", job.monitoring_type).lower()
    return INLINE_PREFIX if is_inline else f"{words}-monitoring"


def merge_request(
    job: MonitoringJob, captured: Sequence[DataFolder], truth: Sequence[DataFolder], region: str
) -> dict[str, Any]:
    """Return the request of the job that merges captured data with ground truth, without a name."""
    inputs = [
        *_folder_inputs("groundtruth_input", truth, MERGE_TRUTH),
        *_folder_inputs("endpoint_input", captured, MERGE_INPUT),
    ]
    environment = {
        "dataset_source": MERGE_INPUT,
        "ground_truth_source": MERGE_TRUTH,
        "output_path": MERGE_OUTPUT,
    }
    application = {"ImageUri": merger_image(job.application["ImageUri"], region)}
    output = {"S3Uri": merge_uri(job), "LocalPath": MERGE_OUTPUT, "S3UploadMode": "EndOfJob"}
    return _request(job, application, environment, inputs, output)


def merged(job: MonitoringJob, captured: Iterable[DataFolder]) -> list[DataFolder]:
    """Return where the merge job puts the records of each folder of captured data."""
    return [DataFolder(f"{merge_uri(job)}/{folder.path}", folder.path) for folder in captured]


def merge_uri(job: MonitoringJob) -> str:
    return f"{job.output['S3Uri'].rstrip('/')}/merge"


def merger_image(analyzer: str, region: str) -> str:
    """Return the prebuilt image of the merge, from the analyzer's registry if the analyzer is prebuilt, too."""
    registry, _, name = analyzer.partition("/")
    is_prebuilt = name.partition(":")[0] == ANALYZER
    return f"{registry if is_prebuilt else f'{AWS_ACCOUNT}.dkr.ecr.{region}.amazonaws.com'}/{MERGER}"


def analysis_request(
    job: MonitoringJob, execution: MonitoringExecution, folders: Sequence[DataFolder], baseline: Baseline
) -> dict[str, Any]:
    """Return the request of the job that analyzes the window, without a name."""
    local_path = job.endpoint_input["LocalPath"]
    inputs = [*_folder_inputs("endpoint_input", folders, local_path), *_file_inputs(job, baseline)]
    environment = {
        **_contract(job, execution, is_merged=job.ground_truth_uri is not None),
        **_file_variables(job, baseline),
        **job.environment,
    }
    hour = f"{datetime.fromtimestamp(execution.scheduled, UTC):%Y/%m/%d/%H}"
    folder = f"{job.output['S3Uri'].rstrip('/')}/{execution.endpoint_name}/{execution.schedule_name}/{hour}"
    output = {
        "S3Uri": folder,
        "LocalPath": job.output["LocalPath"],
        "S3UploadMode": job.output.get("S3UploadMode", "Continuous"),
    }
    names = ("ImageUri", "ContainerEntrypoint", "ContainerArguments")
    application = {name: job.application[name] for name in names if name in job.application}
    return _request(job, application, environment, inputs, output)


def _request(
    job: MonitoringJob,
    application: Mapping[str, Any],
    environment: Mapping[str, str],
    inputs: list[dict[str, Any]],
    output: dict[str, Any],
) -> dict[str, Any]:
    key = {"KmsKeyId": job.output_config["KmsKeyId"]} if "KmsKeyId" in job.output_config else {}
    request: dict[str, Any] = {
        "AppSpecification": dict(application),
        "Environment": dict(environment),
        "ProcessingInputs": inputs,
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "result", "S3Output": output}], **key},
        "ProcessingResources": dict(job.resources),
        "RoleArn": job.role_arn,
    }
    if job.network:
        request["NetworkConfig"] = dict(job.network)
    if job.stopping_condition:
        request["StoppingCondition"] = dict(job.stopping_condition)
    return request


def _contract(job: MonitoringJob, execution: MonitoringExecution, is_merged: bool) -> dict[str, str]:
    """Return the variables that every analyzer gets, AWS's prebuilt one or one of the user's own."""
    captured = {"captureIndexNames": ["endpointOutput"] if is_merged else ["endpointInput", "endpointOutput"]}
    variables = {
        "dataset_format": json.dumps({"sagemakerMergeJson" if is_merged else "sagemakerCaptureJson": captured}),
        "dataset_source": job.endpoint_input["LocalPath"],
        "output_path": job.output["LocalPath"],
        "publish_cloudwatch_metrics": "Enabled",
        "sagemaker_endpoint_name": execution.endpoint_name,
        "sagemaker_monitoring_schedule_name": execution.schedule_name,
        "start_time": iso_time(execution.window_start),
        "end_time": iso_time(execution.window_end),
        "metric_time": iso_time(execution.window_start),
    }
    if job.monitoring_type is MonitoringType.MODEL_QUALITY:
        variables["analysis_type"] = "MODEL_QUALITY"
        if "ProblemType" in job.application:
            variables["problem_type"] = job.application["ProblemType"]
    for variable, name in ATTRIBUTES.items():
        if name in job.endpoint_input:
            variables[variable] = str(job.endpoint_input[name])
    return variables


def _file_variables(job: MonitoringJob, baseline: Baseline) -> dict[str, str]:
    """Return the paths in the container of the baseline's files and the scripts."""
    files = {
        "baseline_constraints": (baseline.constraints_uri, CONSTRAINTS),
        "baseline_statistics": (baseline.statistics_uri, STATISTICS),
        **{variable: (job.application.get(name), folder) for variable, (name, folder) in SCRIPTS.items()},
    }
    return {name: f"{folder}/{uri.rpartition('/')[2]}" for name, (uri, folder) in files.items() if uri}


def _file_inputs(job: MonitoringJob, baseline: Baseline) -> list[dict[str, Any]]:
    files = {
        "constraints": (baseline.constraints_uri, CONSTRAINTS),
        "baseline": (baseline.statistics_uri, STATISTICS),
        "pre_processor_script": (job.application.get("RecordPreprocessorSourceUri"), PREPROCESSING),
        "post_processor_script": (job.application.get("PostAnalyticsProcessorSourceUri"), POSTPROCESSING),
    }
    return [_input(name, uri, folder) for name, (uri, folder) in files.items() if uri]


def _folder_inputs(name: str, folders: Iterable[DataFolder], local_path: str) -> list[dict[str, Any]]:
    return [
        _input(f"{name}_{number}", folder.uri, f"{local_path.rstrip('/')}/{folder.path}")
        for number, folder in enumerate(folders, start=1)
    ]


def _input(name: str, uri: str, local_path: str) -> dict[str, Any]:
    source = {
        "LocalPath": local_path,
        "S3Uri": uri,
        "S3DataDistributionType": "FullyReplicated",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3CompressionType": "None",
    }
    return {"InputName": name, "S3Input": source}
