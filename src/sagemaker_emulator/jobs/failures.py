"""The FailureReason of a job that failed for a reason outside its program."""

from __future__ import annotations

import re

from boto3.exceptions import S3UploadFailedError

from sagemaker_emulator.aws_clients.clients import is_temporary
from sagemaker_emulator.jobs.job_threads import JobFailed

FAILED_UPLOAD = re.compile(r"Failed to upload .*? to (?P<target>.*?): (?P<reason>An error .*)", re.DOTALL)


def aws_failure(error: Exception) -> JobFailed:
    """Return the failure for an error of S3: the caller's fault is a ClientError, an outage is not."""
    if is_temporary(error):
        return JobFailed(f"InternalServerError: S3 did not answer as it should: {error}")
    match = FAILED_UPLOAD.fullmatch(str(error)) if isinstance(error, S3UploadFailedError) else None
    if match:  # AWS's words; boto3's name a file of this machine, which tells the caller nothing
        target = f"s3://{match['target']}"
        return JobFailed(f"ClientError: Artifact upload failed:Unable to upload file to {target} ({match['reason']})")
    return JobFailed(f"ClientError: S3 did not do what the job needs: {error}")
