"""CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs, StopProcessingJob, DeleteProcessingJob."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.processing import descriptions
from sagemaker_emulator.sagemaker import SageMaker


@operation("CreateProcessingJob", waits=True)
def create_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """Support entrypoint and arguments, S3 inputs from S3Prefix and ManifestFile, FullyReplicated and ShardedByS3Key,
    EndOfJob and Continuous outputs, and several hosts. The log goes to CloudWatch live. An input without objects is
    refused.
    """
    return {"ProcessingJobArn": sagemaker.processing_jobs.create(request, tags_of(request)).arn}


@operation("DescribeProcessingJob")
def describe_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """Show ExitMessage, from `/opt/ml/output/message`, and FailureReason."""
    return descriptions.describe_processing_job(sagemaker.processing_jobs.get(request["ProcessingJobName"]))


@operation("ListProcessingJobs")
def list_processing_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by name, status and time; sort and page."""
    page = sagemaker.processing_jobs.page(request)
    summaries = [descriptions.summarize_processing_job(job) for job in page.resources]
    return listed("ProcessingJobSummaries", summaries, page.next_token)


@operation("StopProcessingJob")
def stop_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """Send SIGTERM, then SIGKILL after 120 s. Continuous outputs are uploaded, EndOfJob outputs are not."""
    sagemaker.processing_jobs.stop(request["ProcessingJobName"])
    return {}


@operation("DeleteProcessingJob")
def delete_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """Delete the record of a job that has ended. Its outputs stay."""
    sagemaker.processing_jobs.delete(request["ProcessingJobName"])
    return {}
