"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.operations.registry import Request, Response, described, listed, operation, tags_of
from sagemaker_emulator.resources.training_job import TrainingJob, Transition
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateTrainingJob")
def create_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Channels from S3Prefix and ManifestFile, FullyReplicated and ShardedByS3Key, streamed to disk; several hosts;
    the log goes to CloudWatch live; a prefix without objects is refused.
    """
    return {"TrainingJobArn": sagemaker.training_jobs.create(request, tags_of(request)).arn}


@operation("DescribeTrainingJob")
def describe_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Secondary-status transitions, FailureReason, FinalMetricDataList from MetricDefinitions (the built-in image
    brings its own).
    """
    job = sagemaker.training_jobs.get(request["TrainingJobName"])
    return described("DescribeTrainingJob", job.request, _computed(job))


@operation("ListTrainingJobs")
def list_training_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filters by name, status and times; sorted; paged."""
    found = sagemaker.training_jobs.page(request)
    return listed("TrainingJobSummaries", [_summary(job) for job in found.resources], found.next_token)


@operation("StopTrainingJob")
def stop_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """SIGTERM, SIGKILL after 120 s; the model is uploaded all the same."""
    sagemaker.training_jobs.stop(request["TrainingJobName"])
    return {}


def _computed(job: TrainingJob) -> Response:
    seconds = int(job.ended - job.started) if job.started and job.ended else None
    return {
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary_status,
        "SecondaryStatusTransitions": [_transition(entry) for entry in job.transitions],
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "TrainingTimeInSeconds": seconds,
        "BillableTimeInSeconds": seconds,
        "FailureReason": job.failure_reason,
        "ModelArtifacts": {"S3ModelArtifacts": job.model_artifacts} if job.model_artifacts else None,
        "FinalMetricDataList": [
            {"MetricName": metric.name, "Value": metric.value, "Timestamp": metric.timestamp} for metric in job.metrics
        ]
        or None,
    }


def _transition(entry: Transition) -> dict[str, Any]:
    shown = {"Status": entry.status, "StartTime": entry.start_time, "StatusMessage": entry.message}
    return shown if entry.end_time is None else {**shown, "EndTime": entry.end_time}


def _summary(job: TrainingJob) -> Response:
    shown = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "TrainingJobStatus": job.status,
    }
    return shown if job.ended is None else {**shown, "TrainingEndTime": job.ended}
