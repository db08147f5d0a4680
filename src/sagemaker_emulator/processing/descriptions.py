"""Descriptions of processing jobs, as Describe, List and events have them: pure functions of the record."""

from __future__ import annotations

from typing import Any

from sagemaker_emulator.resources.processing_job import ProcessingJob
from sagemaker_emulator.wire import described, present

Description = dict[str, Any]


def describe_processing_job(job: ProcessingJob) -> Description:
    """Return the answer of DescribeProcessingJob."""
    computed = {
        **_status(job),
        "ProcessingStartTime": job.started,
        "MonitoringScheduleArn": job.monitoring_schedule_arn,
    }
    return described("DescribeProcessingJob", job.request, computed)


def summarize_processing_job(job: ProcessingJob) -> Description:
    """Return the entry of ListProcessingJobs."""
    summary = {"ProcessingJobName": job.name, **_status(job)}
    return present(summary)


def _status(job: ProcessingJob) -> Description:
    return {
        "ProcessingJobArn": job.arn,
        "ProcessingJobStatus": job.status,
        "CreationTime": job.created,
        "LastModifiedTime": job.modified,
        "ProcessingEndTime": job.ended,
        "ExitMessage": job.exit_message,
        "FailureReason": job.failure_reason,
    }
