"""Takes away training jobs, and the logs that SageMaker wrote for jobs and endpoint."""

from functools import partial

from botocore.exceptions import ClientError

from scones import logs
from scones.context import Context
from scones.errors import code_of, is_unknown_name
from scones.polling import poll
from scones.removal.resources import Account, attempt, named, prefix, tagged
from scones.training import training_job

STOP_TIMEOUT_S = 180
JOB_LOGS = (logs.TRAINING_JOBS, "/aws/sagemaker/TransformJobs", "/aws/sagemaker/ProcessingJobs")


def remove_training_jobs(context: Context, account: Account) -> None:
    ours = []
    for job in named(context, "list_training_jobs", "TrainingJobSummaries", "TrainingJob"):
        if tagged(context, job["TrainingJobArn"]):
            ours.append(job["TrainingJobName"])
        else:
            account.kept.append(f"training job {job['TrainingJobName']}: not made by us")
    for name in ours:
        stop(context, name)
    for name in ours:
        remove_training_job(context, account, name)


def stop(context: Context, name: str) -> None:
    sagemaker = context.client("sagemaker")
    if (job := training_job.describe(sagemaker, name)) is not None and job.status not in training_job.ENDED | {
        "Stopping"
    }:
        sagemaker.stop_training_job(TrainingJobName=name)


def remove_training_job(context: Context, account: Account, name: str) -> None:
    sagemaker = context.client("sagemaker")
    for _ in poll(STOP_TIMEOUT_S):
        job = training_job.describe(sagemaker, name)
        if job is None:
            return
        if job.status in training_job.ENDED:
            attempt(account, f"training job {name}", lambda: sagemaker.delete_training_job(TrainingJobName=name))
            return
    account.kept.append(f"training job {name}: it was told to stop, and after {STOP_TIMEOUT_S} s has not")


def streams(context: Context, group: str, begin: str) -> list[str]:
    named_so = {"logStreamNamePrefix": begin} if begin else {}
    try:
        pages = context.client("logs").get_paginator("describe_log_streams").paginate(logGroupName=group, **named_so)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return []
        raise


def remove_logs(context: Context, account: Account) -> None:
    """A group of jobs' logs is the account's: ours are the streams, and the group only when nothing is left in it."""
    client, group = context.client("logs"), f"{logs.ENDPOINTS}/{context.settings.endpoint_name}"
    attempt(account, f"log group {group}", lambda: client.delete_log_group(logGroupName=group))
    for group in JOB_LOGS:
        found = streams(context, group, prefix(context))
        for stream in found:
            client.delete_log_stream(logGroupName=group, logStreamName=stream)
        if found:
            account.removed.append(f"{len(found)} log streams in {group}")
            if not streams(context, group, ""):
                client.delete_log_group(logGroupName=group)


def model_packages(context: Context, group: str) -> list[str]:
    try:
        pages = context.registry.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        return [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if is_unknown_name(error):
            return []
        raise


def remove_model_packages(context: Context, account: Account) -> None:
    """A group that has versions cannot be deleted, and the stack has one."""
    sagemaker = context.registry
    for package in model_packages(context, context.settings.endpoint_name):
        what = package.partition(":model-package/")[2]
        attempt(account, f"model package {what}", partial(sagemaker.delete_model_package, ModelPackageName=package))
