"""The FailureReason of a job that failed for a reason outside its program."""

from __future__ import annotations

from sagemaker_emulator.aws_clients.clients import is_temporary
from sagemaker_emulator.aws_clients.uploads import UploadFailed
from sagemaker_emulator.jobs.job_threads import JobFailed


def aws_failure(error: Exception) -> JobFailed:
    """Return the failure for an error of S3: the caller's fault is a ClientError, an outage is not."""
    if is_temporary(error):
        return JobFailed(f"InternalServerError: S3 did not answer as it should: {error}")
    if isinstance(error, UploadFailed):
        return JobFailed(f"ClientError: Artifact upload failed:{error}")
    return JobFailed(f"ClientError: S3 did not do what the job needs: {error}")
