"""CreateProcessingJob, DescribeProcessingJob, ListProcessingJobs, StopProcessingJob."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.wire import described


@operation("CreateProcessingJob")
def create_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """Entrypoint and arguments; S3 inputs from S3Prefix and ManifestFile, FullyReplicated and ShardedByS3Key; outputs
    EndOfJob and Continuous; several hosts; the log goes to CloudWatch live; an input without objects is refused.
    """
    return {"ProcessingJobArn": sagemaker.processing_jobs.create(request, tags_of(request)).arn}


@operation("DescribeProcessingJob")
def describe_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """ExitMessage from `/opt/ml/output/message`; FailureReason."""
    job = sagemaker.processing_jobs.get(request["ProcessingJobName"])
    computed = {**_status(job), "ProcessingStartTime": job.started}
    return described("DescribeProcessingJob", job.request, computed)


@operation("ListProcessingJobs")
def list_processing_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filters by name, status and times; sorted; paged."""
    found = sagemaker.processing_jobs.page(request)
    return listed("ProcessingJobSummaries", [_summary(job) for job in found.resources], found.next_token)


@operation("StopProcessingJob")
def stop_processing_job(sagemaker: SageMaker, request: Request) -> Response:
    """SIGTERM, SIGKILL after 120 s; EndOfJob outputs are not uploaded, Continuous ones are."""
    sagemaker.processing_jobs.stop(request["ProcessingJobName"])
    return {}


def _summary(job: ProcessingJob) -> Response:
    shown = {"ProcessingJobName": job.name, **_status(job)}
    return {name: value for name, value in shown.items() if value is not None}


def _status(job: ProcessingJob) -> Response:
    return {
        "ProcessingJobArn": job.arn,
        "ProcessingJobStatus": job.status,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "ProcessingEndTime": job.ended,
        "ExitMessage": job.exit_message,
        "FailureReason": job.failure_reason,
    }
