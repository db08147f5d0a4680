"""CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob, UpdateTrainingJob, DeleteTrainingJob."""

from __future__ import annotations

from sagemaker_emulator.errors import validation
from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.training import descriptions


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
    return descriptions.describe_training_job(sagemaker.training_jobs.get(request["TrainingJobName"]))


@operation("ListTrainingJobs")
def list_training_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filters by name, status, warm-pool status, training plan and times; sorted; paged."""
    page = sagemaker.training_jobs.page(request)
    summaries = [descriptions.summarize_training_job(job) for job in page.resources]
    return listed("TrainingJobSummaries", summaries, page.next_token)


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
