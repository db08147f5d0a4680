"""CreateTransformJob, DescribeTransformJob, ListTransformJobs, StopTransformJob."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, listed, operation, tags_of
from sagemaker_emulator.sagemaker import SageMaker
from sagemaker_emulator.transform import descriptions


@operation("CreateTransformJob")
def create_transform_job(sagemaker: SageMaker, request: Request) -> Response:
    """S3Prefix and ManifestFile; Gzip; split by Line, RecordIO and TFRecord; SingleRecord and MultiRecord; concurrent
    requests; several instances share the files; InputFilter, OutputFilter and JoinSource over CSV and JSON; what the
    request leaves open is asked at `/execution-parameters`. DataCaptureConfig is refused.
    """
    return {"TransformJobArn": sagemaker.transform_jobs.create(request, tags_of(request)).arn}


@operation("DescribeTransformJob")
def describe_transform_job(sagemaker: SageMaker, request: Request) -> Response:
    """FailureReason; the log in `/aws/sagemaker/TransformJobs` says more, its data-log which file was to blame."""
    return descriptions.describe_transform_job(sagemaker.transform_jobs.get(request["TransformJobName"]))


@operation("ListTransformJobs")
def list_transform_jobs(sagemaker: SageMaker, request: Request) -> Response:
    """Filters by name, status and times; sorted; paged."""
    page = sagemaker.transform_jobs.page(request)
    summaries = [descriptions.summarize_transform_job(job) for job in page.resources]
    return listed("TransformJobSummaries", summaries, page.next_token)


@operation("StopTransformJob")
def stop_transform_job(sagemaker: SageMaker, request: Request) -> Response:
    """Requests in flight are broken off; files that were not finished have no output."""
    sagemaker.transform_jobs.stop(request["TransformJobName"])
    return {}
