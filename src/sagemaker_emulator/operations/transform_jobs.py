"""CreateTransformJob, DescribeTransformJob, ListTransformJobs, StopTransformJob."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.transform import descriptions


@operation("CreateTransformJob", waits=True)
def create_transform_job(sagemaker: SageMaker, request: Request) -> Response:
    """Support S3Prefix and ManifestFile, Gzip, splitting by Line, RecordIO and TFRecord, SingleRecord and MultiRecord,
    concurrent requests, several instances that share the files, and InputFilter, OutputFilter and JoinSource over CSV
    and JSON. Parameters that the request omits come from the container's `/execution-parameters`. The model may be an
    inference pipeline. DataCaptureConfig writes manifests of input and output, and IDs of the inferences on request.
    """
    return {"TransformJobArn": sagemaker.transform_jobs.create(request, tags_of(request)).arn}


@operation("DescribeTransformJob")
def describe_transform_job(sagemaker: SageMaker, request: Request) -> Response:
    """Show FailureReason. The log in `/aws/sagemaker/TransformJobs` has the details, and its data-log names the file
    that failed.
    """
    return descriptions.describe_transform_job(sagemaker.transform_jobs.get(request["TransformJobName"]))


@operation("ListTransformJobs")
def list_transform_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filter by name, status and time; sort and page."""
    page = sagemaker.transform_jobs.page(request)
    summaries = [descriptions.summarize_transform_job(job) for job in page.resources]
    return listed("TransformJobSummaries", summaries, page.next_token)


@operation("StopTransformJob")
def stop_transform_job(sagemaker: SageMaker, request: Request) -> Response:
    """Abort requests in flight. Unfinished files have no output."""
    sagemaker.transform_jobs.stop(request["TransformJobName"])
    return {}
