"""Descriptions of transform jobs, as Describe, List and events have them: pure functions of the record."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.resources.transform_job import TransformJob
from sagemaker_emulator.wire import described, present

Description = dict[str, Any]


def describe_transform_job(job: TransformJob) -> Description:
    """Return the answer of DescribeTransformJob."""
    return described("DescribeTransformJob", job.request, {**_status(job), "TransformStartTime": job.started})


def summarize_transform_job(job: TransformJob) -> Description:
    """Return the entry of ListTransformJobs."""
    summary = {"TransformJobName": job.name, "LastModifiedTime": job.modified, **_status(job)}
    return present(summary)


def _status(job: TransformJob) -> Description:
    return {
        "TransformJobArn": job.arn,
        "TransformJobStatus": job.status,
        "CreationTime": job.created,
        "TransformEndTime": job.ended,
        "FailureReason": job.failure_reason,
    }
