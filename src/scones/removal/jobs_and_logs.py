"""Remove training jobs, model packages, and the logs that SageMaker wrote for jobs and the endpoint."""

from functools import partial

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones import logs
from scones.aws_errors import code_of, is_unknown_name
from scones.polling import poll
from scones.removal.outcome import Outcome, Resources
from scones.training import training_job

STOP_TIMEOUT_S = 180
JOB_LOGS = (logs.TRAINING_JOBS, "/aws/sagemaker/TransformJobs", "/aws/sagemaker/ProcessingJobs")


def remove_training_jobs(resources: Resources, outcome: Outcome) -> None:
    """Stop all of our jobs first, then delete each when it has stopped."""
    names = []
    for job in resources.named("list_training_jobs", "TrainingJobSummaries", "TrainingJob"):
        if resources.is_ours(job["TrainingJobArn"]):
            names.append(job["TrainingJobName"])
        else:
            outcome.kept.append(f"training job {job['TrainingJobName']}: not created by this project")
    for name in names:
        stop(resources.sagemaker, name)
    for name in names:
        remove_training_job(resources.sagemaker, outcome, name)


def stop(sagemaker: BaseClient, name: str) -> None:
    job = training_job.describe(sagemaker, name)
    if job is not None and job.status not in training_job.ENDED | {"Stopping"}:
        sagemaker.stop_training_job(TrainingJobName=name)


def remove_training_job(sagemaker: BaseClient, outcome: Outcome, name: str) -> None:
    for _ in poll(STOP_TIMEOUT_S):
        job = training_job.describe(sagemaker, name)
        if job is None:
            return
        if job.status in training_job.ENDED:
            delete = partial(sagemaker.delete_training_job, TrainingJobName=name)
            outcome.attempt(f"training job {name}", delete)
            return
    outcome.kept.append(f"training job {name}: it did not stop within {STOP_TIMEOUT_S} s")


def remove_logs(client: BaseClient, endpoint_name: str, outcome: Outcome) -> None:
    """Remove the endpoint's log group and our streams of the jobs' groups. A group goes once nothing is left in it."""
    group = f"{logs.ENDPOINTS}/{endpoint_name}"
    outcome.attempt(f"log group {group}", partial(client.delete_log_group, logGroupName=group))
    for group in JOB_LOGS:
        names = streams(client, group, f"{endpoint_name}-")
        for name in names:
            client.delete_log_stream(logGroupName=group, logStreamName=name)
        if names:
            outcome.removed.append(f"{len(names)} log streams in {group}")
            if not streams(client, group, ""):
                client.delete_log_group(logGroupName=group)


def streams(client: BaseClient, group: str, prefix: str) -> list[str]:
    name_prefix = {"logStreamNamePrefix": prefix} if prefix else {}
    try:
        pages = client.get_paginator("describe_log_streams").paginate(logGroupName=group, **name_prefix)
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]
    except ClientError as error:
        if code_of(error) == "ResourceNotFoundException":
            return []
        raise


def remove_model_packages(registry: BaseClient, group: str, outcome: Outcome) -> None:
    """Empty the stack's model package group: AWS does not delete a group that has versions."""
    for package in model_packages(registry, group):
        name = package.partition(":model-package/")[2]
        outcome.attempt(f"model package {name}", partial(registry.delete_model_package, ModelPackageName=package))


def model_packages(registry: BaseClient, group: str) -> list[str]:
    try:
        pages = registry.get_paginator("list_model_packages").paginate(ModelPackageGroupName=group)
        return [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
    except ClientError as error:
        if is_unknown_name(error):
            return []
        raise
