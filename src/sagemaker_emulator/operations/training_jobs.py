"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob, UpdateTrainingJob, DeleteTrainingJob."""

from __future__ import annotations

from sagemaker_emulator.errors import validation
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.training import descriptions


@operation("CreateTrainingJob", waits=True)
def create_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Support channels from S3Prefix, ManifestFile and, in Pipe mode, AugmentedManifestFile; FullyReplicated and
    ShardedByS3Key. File channels are streamed to disk, FastFile works like File, and Pipe channels are FIFOs
    `<channel>_<epoch>` with RecordIO, Gzip and ShuffleConfig. Several hosts produce one merged model. Checkpoints are
    restored at the start and uploaded while the job runs; the files of TensorBoardOutputConfig are uploaded to
    `<job>/tensorboard-output`. CompressionType may be NONE. The log and the metrics go to CloudWatch live. Spot, retry,
    profiler and debug-hook settings are accepted but have no effect. Debugger and profiler rules, InstanceGroups and
    file systems are refused.
    """
    return {"TrainingJobArn": sagemaker.training_jobs.create(request, tags_of(request)).arn}


@operation("DescribeTrainingJob")
def describe_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Show secondary-status transitions, FailureReason, and FinalMetricDataList from MetricDefinitions (the built-in
    image has its own definitions). ProfilingStatus is always Disabled. A warm pool ends when its job
    does.
    """
    return descriptions.describe_training_job(sagemaker.training_jobs.get(request["TrainingJobName"]))


@operation("ListTrainingJobs")
def list_training_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by name, status, warm-pool status, training plan and time; sort and page."""
    page = sagemaker.training_jobs.page(request)
    summaries = [descriptions.summarize_training_job(job) for job in page.resources]
    return listed("TrainingJobSummaries", summaries, page.next_token)


@operation("StopTrainingJob")
def stop_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Stop a job in any phase: send SIGTERM, then SIGKILL after 120 s. The model is still uploaded."""
    sagemaker.training_jobs.stop(request["TrainingJobName"])
    return {}


@operation("UpdateTrainingJob")
def update_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Change ProfilerConfig, RemoteDebugConfig and KeepAlivePeriodInSeconds of a running job. DescribeTrainingJob
    shows the new values; the running job does not change.
    """
    if request.get("ProfilerRuleConfigurations"):
        raise validation("ProfilerRuleConfigurations is not emulated; leave it out.")
    return {"TrainingJobArn": sagemaker.training_jobs.update(request).arn}


@operation("DeleteTrainingJob")
def delete_training_job(sagemaker: SageMaker, request: Request) -> Response:
    """Delete the record of a job that has ended. Its artifacts stay."""
    sagemaker.training_jobs.delete(request["TrainingJobName"])
    return {}
