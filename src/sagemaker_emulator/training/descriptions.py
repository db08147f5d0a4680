"""Descriptions of training jobs, as Describe, List and events have them: pure functions of the record."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.resources.training_job import TrainingJob, Transition
from sagemaker_emulator.training.metrics import metric_definitions
from sagemaker_emulator.wire import described, present

Description = dict[str, Any]

# AWS describes these members also where the request left them out
DEFAULTS = {
    "EnableNetworkIsolation": False,
    "EnableInterContainerTrafficEncryption": False,
    "EnableManagedSpotTraining": False,
}
CHANNEL_DEFAULTS = {"CompressionType": "None", "RecordWrapperType": "None"}


def describe_training_job(job: TrainingJob) -> Description:
    """Return the answer of DescribeTrainingJob."""
    computed = {
        "TuningJobArn": job.tuning_job_arn,
        "InputDataConfig": [{**CHANNEL_DEFAULTS, **one} for one in job.request.get("InputDataConfig", ())] or None,
        "AlgorithmSpecification": _algorithm(job.request.get("AlgorithmSpecification", {})) or None,
        # AWS always answers the key, and the SDK's attach relies on it
        "OutputDataConfig": {"KmsKeyId": "", **job.request["OutputDataConfig"]},
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
        "SecondaryStatusTransitions": [_transition(entry) for entry in job.transitions],
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "TrainingTimeInSeconds": job.training_seconds,
        "BillableTimeInSeconds": job.training_seconds,
        "ProfilingStatus": "Disabled",
        "WarmPoolStatus": _warm_pool(job),
        "FailureReason": job.failure_reason,
        "ModelArtifacts": {"S3ModelArtifacts": job.model_artifacts} if job.model_artifacts else None,
        "FinalMetricDataList": _final_metrics(job) or None,
    }
    return described("DescribeTrainingJob", {**DEFAULTS, **job.request}, computed)


def summarize_training_job(job: TrainingJob) -> Description:
    """Return the entry of ListTrainingJobs."""
    summary = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
        "WarmPoolStatus": _warm_pool(job),
        "TrainingEndTime": job.ended,
    }
    return present(summary)


def _algorithm(specification: Description) -> Description:
    """Fill in the metrics of a built-in algorithm, as AWS does: the SDK's TrainingJobAnalytics reads them."""
    definitions = [{"Name": name, "Regex": regex} for name, regex in metric_definitions(specification).items()]
    return {**specification, "MetricDefinitions": definitions} if definitions else specification


def _transition(entry: Transition) -> Description:
    transition = {"Status": entry.status, "StartTime": entry.start_time, "StatusMessage": entry.message}
    return transition if entry.end_time is None else {**transition, "EndTime": entry.end_time}


def _warm_pool(job: TrainingJob) -> Description | None:
    return {"Status": job.warm_pool_status} if job.warm_pool_status else None


def _final_metrics(job: TrainingJob) -> list[Description]:
    return [{"MetricName": metric.name, "Value": metric.value, "Timestamp": metric.timestamp} for metric in job.metrics]
