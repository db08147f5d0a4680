"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob, UpdateTrainingJob, DeleteTrainingJob."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.resources.training_job import TrainingJob, Transition
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.wire import described


@operation("CreateTrainingJob")
def create_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Channels from S3Prefix, ManifestFile and, in Pipe mode, AugmentedManifestFile; FullyReplicated and
    ShardedByS3Key; File streamed to disk, FastFile as File, Pipe as FIFOs `<channel>_<epoch>` with RecordIO, Gzip and
    ShuffleConfig. Several hosts, their models merged. Checkpoints brought down and uploaded while the job runs.
    OutputDataConfig.CompressionType NONE. The log and the metrics go to CloudWatch live. Spot, retry, profiler and
    debug-hook settings are accepted and change nothing; debugger and profiler rules, TensorBoardOutputConfig,
    InstanceGroups and file systems are refused.
    """
    return {"TrainingJobArn": sagemaker.training_jobs.create(request, tags_of(request)).arn}


@operation("DescribeTrainingJob")
def describe_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Secondary-status transitions, FailureReason, FinalMetricDataList from MetricDefinitions (the built-in image
    brings its own). ProfilingStatus is always Disabled; a warm pool ends with its job.
    """
    job = sagemaker.training_jobs.get(request["TrainingJobName"])
    return described("DescribeTrainingJob", job.request, _computed(job))


@operation("ListTrainingJobs")
def list_training_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filters by name, status, warm-pool status, training plan and times; sorted; paged."""
    found = sagemaker.training_jobs.page(request)
    return listed("TrainingJobSummaries", [_summary(job) for job in found.resources], found.next_token)


@operation("StopTrainingJob")
def stop_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """In any phase. SIGTERM, SIGKILL after 120 s; the model is uploaded all the same."""
    sagemaker.training_jobs.stop(request["TrainingJobName"])
    return {}


@operation("UpdateTrainingJob")
def update_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Of a job under way: ProfilerConfig, RemoteDebugConfig and KeepAlivePeriodInSeconds, which Describe then shows."""
    if request.get("ProfilerRuleConfigurations"):
        raise validation("ProfilerRuleConfigurations is not emulated; leave it out.")
    return {"TrainingJobArn": sagemaker.training_jobs.update(request).arn}


@operation("DeleteTrainingJob")
def delete_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """A job that is over: its record goes, its artefacts stay."""
    sagemaker.training_jobs.delete(request["TrainingJobName"])
    return {}


def _computed(job: TrainingJob) -> Response:
    return {
        "TuningJobArn": job.tuning_job_arn,
        # AWS always tells the key, and the SDK's attach relies on it
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
        "WarmPoolStatus": {"Status": job.warm_pool_status} if job.warm_pool_status else None,
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
        "SecondaryStatus": job.secondary_status,
    }
    if job.warm_pool_status:
        shown["WarmPoolStatus"] = {"Status": job.warm_pool_status}
    return shown if job.ended is None else {**shown, "TrainingEndTime": job.ended}
