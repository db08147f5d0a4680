"""CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs, StopProcessingJob."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.processing import descriptions
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateProcessingJob")
def create_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """Entrypoint and arguments; S3 inputs from S3Prefix and ManifestFile, FullyReplicated and ShardedByS3Key; outputs
    EndOfJob and Continuous; several hosts; the log goes to CloudWatch live; an input without objects is refused.
    """
    return {"ProcessingJobArn": sagemaker.processing_jobs.create(request, tags_of(request)).arn}


@operation("DescribeProcessingJob")
def describe_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """ExitMessage from `/opt/ml/output/message`; FailureReason."""
    return descriptions.describe_processing_job(sagemaker.processing_jobs.get(request["ProcessingJobName"]))


@operation("ListProcessingJobs")
def list_processing_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filters by name, status and times; sorted; paged."""
    page = sagemaker.processing_jobs.page(request)
    summaries = [descriptions.summarize_processing_job(job) for job in page.resources]
    return listed("ProcessingJobSummaries", summaries, page.next_token)


@operation("StopProcessingJob")
def stop_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """SIGTERM, SIGKILL after 120 s; EndOfJob outputs are not uploaded, Continuous ones are."""
    sagemaker.processing_jobs.stop(request["ProcessingJobName"])
    return {}
