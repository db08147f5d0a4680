"""`scones monitor baseline`: make the baseline of the model in service, as the pipeline does for each model."""

import secrets
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from scones.aws_errors import is_unknown_name
from scones.console import keeps_running
from scones.context import Context
from scones.deployment import endpoint
from scones.errors import MissingError, MonitorError
from scones.logs import LogReader
from scones.monitoring.places import Program, baseline_prefix, deployed_program
from scones.polling import poll
from scones.settings import PROJECT_TAG
from scones.stack.outputs import sagemaker_role
from scones.training.training_job import TrainingJob

LOG_GROUP = "/aws/sagemaker/ProcessingJobs"
INPUT = "/opt/ml/processing/input"
TIMEOUT_S = 3600
OVER = {"Completed", "Failed", "Stopped"}


def make_baseline(context: Context) -> str:
    """Run the processing job to its end, and return its message."""
    context.sagemaker.require_pipelines()
    name = context.settings.endpoint_name
    job = endpoint.served_job(context.client("sagemaker"), name)
    request = baseline_job(context, deployed_program(context), job)
    context.client("sagemaker").create_processing_job(**request)
    job_name = request["ProcessingJobName"]
    context.console.say(f"Started the processing job {job_name}")
    with keeps_running(f"processing job {job_name}"):
        message = followed(context, job_name)
    context.console.say(message)
    context.console.done(f"Baseline of {job.name}: {context.data_bucket.uri(baseline_prefix(name, job.name))}/")
    return message


def baseline_job(context: Context, program: Program, job: TrainingJob) -> dict[str, Any]:
    """Return CreateProcessingJob's request."""
    name, bucket = context.settings.endpoint_name, context.data_bucket
    inputs = {
        "held_out": bucket.uri("test/"),
        "labels": bucket.uri("test.lst"),
        "training": bucket.uri("train/"),
        "model": str(job.model_data),
        "code": program.uri,
    }
    output = {
        "S3Uri": bucket.uri(baseline_prefix(name, job.name)),
        "LocalPath": "/opt/ml/processing/output",
        "S3UploadMode": "EndOfJob",
    }
    cluster = {"InstanceCount": 1, "InstanceType": context.settings.monitor_instance_type, "VolumeSizeInGB": 10}
    return {
        "ProcessingJobName": f"{name}-baseline-{secrets.token_hex(4)}",
        "RoleArn": sagemaker_role(context),
        "AppSpecification": {
            "ImageUri": program.image,
            "ContainerEntrypoint": ["python3", f"{INPUT}/code/{program.file}"],
        },
        "ProcessingInputs": [processing_input(key, uri) for key, uri in inputs.items()],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "baseline", "S3Output": output}]},
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": TIMEOUT_S},
        "Tags": [PROJECT_TAG],
    }


def processing_input(name: str, uri: str) -> dict[str, Any]:
    source = {"S3Uri": uri, "S3DataType": "S3Prefix", "S3InputMode": "File", "LocalPath": f"{INPUT}/{name}"}
    return {"InputName": name, "S3Input": source}


def followed(context: Context, job: str) -> str:
    """Wait until a processing job ends, and return its message. Raises MonitorError if it did not complete."""
    description: Mapping[str, Any] = {}
    with context.console.meter("Making the baseline") as meter:
        for _ in poll(TIMEOUT_S):
            description = described(context, job)
            if description["ProcessingJobStatus"] in OVER:
                break
            meter.update(description["ProcessingJobStatus"])
    if description["ProcessingJobStatus"] == "Completed":
        return str(description.get("ExitMessage", "Completed"))
    raise failure(context, job, description)


def described(context: Context, job: str) -> Mapping[str, Any]:
    try:
        answer: Mapping[str, Any] = context.client("sagemaker").describe_processing_job(ProcessingJobName=job)
    except ClientError as error:
        if is_unknown_name(error):
            raise MissingError(f"processing job {job} does not exist any more") from error
        raise
    return answer


def failure(context: Context, job: str, description: Mapping[str, Any]) -> MonitorError:
    """Return an error with the job's own message, its reason, and the end of its log."""
    reader = LogReader(context.client("logs"), LOG_GROUP, f"{job}/")
    reader.read()
    tail = f"\n  its log ends\n{reader.tail()}" if reader.lines else ""
    reason = description.get("ExitMessage") or description.get("FailureReason") or "no reason given"
    return MonitorError(f"processing job {job} is {description['ProcessingJobStatus']}: {reason}{tail}")
