"""The command `scones endpoint`: serve the trained model from an endpoint that captures all of its traffic."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.aws_errors import is_unknown_name
from scones.console import keeps_running
from scones.context import Context
from scones.errors import EndpointError, MissingError
from scones.logs import ENDPOINTS, LogReader
from scones.polling import poll
from scones.settings import PROJECT_TAG
from scones.stack.outputs import sagemaker_role
from scones.training import training_job
from scones.training.train import trained
from scones.training.training_job import TrainingJob

VARIANT = "AllTraffic"
CAPTURE = "data_capture"
TIMEOUT_S = 1800
SERVING = {"InService", "UpdateRollbackFailed"}  # an update leads out of the second one, in which some instances serve
CHANGING = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


def endpoint(context: Context) -> str:
    """Serve the model of the staged data, and wait until it is in service. Return the endpoint's name."""
    job, name = trained(context), context.settings.endpoint_name
    config = ensure_config(context, ensure_model(context, job))
    if not deploy(context, name, config):
        context.console.done(f"Endpoint {name} is already InService with the model of {job.name}")
        return name
    delete_command = f"scones destroy, or aws sagemaker delete-endpoint --endpoint-name {name}"
    with keeps_running(f"endpoint {name} ({delete_command})"):
        description = settled(context, name)
    require_serving(context, name, config, description)
    context.console.done(f"Endpoint {name} is InService with the model of {job.name}")
    return name


def require_serving(context: Context, name: str, config: str, description: Mapping[str, Any] | None) -> None:
    """Raise EndpointError unless the endpoint serves the configuration.

    After a failed update AWS leaves the endpoint InService, with its old configuration and a FailureReason.
    """
    if description is None:
        raise EndpointError(f"endpoint {name} was deleted while it was being deployed: run `scones endpoint` again")
    if description["EndpointStatus"] != "InService" or description["EndpointConfigName"] != config:
        raise failure(context, description)


# ---- model, configuration, endpoint ----


def ensure_model(context: Context, job: TrainingJob) -> str:
    """Create the model of a job, unless it exists, and return its name, which is the job's."""
    sagemaker = context.client("sagemaker")
    try:
        sagemaker.describe_model(ModelName=job.name)
    except ClientError as error:
        if not is_unknown_name(error):
            raise
        sagemaker.create_model(
            ModelName=job.name,
            PrimaryContainer={"Image": job.image_uri, "ModelDataUrl": job.model_data},
            ExecutionRoleArn=sagemaker_role(context),
            Tags=[PROJECT_TAG],
        )
    return job.name


def endpoint_config(context: Context, model: str) -> dict[str, Any]:
    variant = {
        "VariantName": VARIANT,
        "ModelName": model,
        "InstanceType": context.settings.endpoint_instance_type,
        "InitialInstanceCount": 1,
        "InitialVariantWeight": 1.0,
    }
    capture = {
        "EnableCapture": True,
        "InitialSamplingPercentage": 100,
        "DestinationS3Uri": context.data_bucket.uri(CAPTURE),
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    return {"ProductionVariants": [variant], "DataCaptureConfig": capture}


def ensure_config(context: Context, model: str) -> str:
    """Create the configuration, unless it exists, and return its name.

    The name contains a hash of the content: UpdateEndpoint requires a new name for new content.
    """
    sagemaker, config = context.client("sagemaker"), endpoint_config(context, model)
    digest = hashlib.sha256(json.dumps(config, sort_keys=True).encode()).hexdigest()[:8]
    name = f"{context.settings.endpoint_name}-config-{digest}"
    try:
        sagemaker.describe_endpoint_config(EndpointConfigName=name)
    except ClientError as error:
        if not is_unknown_name(error):
            raise
        sagemaker.create_endpoint_config(EndpointConfigName=name, Tags=[PROJECT_TAG], **config)
    return name


def deploy(context: Context, name: str, config: str) -> bool:
    """Create or update the endpoint. Return False if it serves this configuration already."""
    sagemaker, description = context.client("sagemaker"), settled(context, name)
    if description is not None and description["EndpointStatus"] == "Failed":
        reason = description.get("FailureReason")
        context.console.warn(f"Endpoint {name} is Failed ({reason}): it is deleted and created again")
        delete(context, name)
        description = None
    if description is None:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=[PROJECT_TAG])
        return True
    if description["EndpointStatus"] not in SERVING:
        raise failure(context, description)
    if description["EndpointStatus"] == "InService" and description["EndpointConfigName"] == config:
        return False
    context.console.say(f"Endpoint {name} is updated to {config} without downtime")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    return True


def delete(context: Context, name: str) -> None:
    if settled(context, name) is not None:
        context.client("sagemaker").delete_endpoint(EndpointName=name)
        settled(context, name)


# ---- status ----


def describe(sagemaker: BaseClient, name: str) -> Mapping[str, Any] | None:
    """Return DescribeEndpoint's answer, or None if there is no such endpoint."""
    try:
        answer: Mapping[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if is_unknown_name(error):
            return None
        raise
    return answer


def settled(context: Context, name: str) -> Mapping[str, Any] | None:
    """Wait until the endpoint's status no longer changes. Return its description, or None if there is none."""
    status, reader = "", LogReader(context.client("logs"), f"{ENDPOINTS}/{name}")
    with context.console.meter(f"Endpoint {name}") as meter:
        for _ in poll(TIMEOUT_S):
            description = describe(context.client("sagemaker"), name)
            if description is None or description["EndpointStatus"] not in CHANGING:
                return description
            status = description["EndpointStatus"]
            meter.update(status)
    reader.read()
    raise EndpointError(f"endpoint {name} was still {status} after {TIMEOUT_S} s; its log ends\n{reader.tail()}")


def failure(context: Context, description: Mapping[str, Any]) -> EndpointError:
    """Return an error with the endpoint's status, failure reason and the end of its log."""
    name = description["EndpointName"]
    reader = LogReader(context.client("logs"), f"{ENDPOINTS}/{name}")
    reader.read()
    tail = f"\n  its log ends\n{reader.tail()}" if reader.lines else ""
    reason = description.get("FailureReason", "no reason given")
    return EndpointError(f"endpoint {name} is {description['EndpointStatus']}: {reason}{tail}")


def require_in_service(context: Context, name: str) -> None:
    """Raise an error unless the endpoint is in service.

    Raises:
        MissingError: there is no endpoint.
        EndpointError: it is not in service.
    """
    description = describe(context.client("sagemaker"), name)
    if description is None:
        raise MissingError(f"there is no endpoint {name}: run `scones endpoint` first")
    if description["EndpointStatus"] != "InService":
        raise failure(context, description)


def served_models(sagemaker: BaseClient, name: str) -> Mapping[str, str]:
    """Return the models that the endpoint serves by their variants; none if it is not in service.

    While it is updated, some answers are of the new models. A variant without a model serves inference components.
    """
    description = describe(sagemaker, name)
    if description is None or description["EndpointStatus"] != "InService":
        return {}
    config = sagemaker.describe_endpoint_config(EndpointConfigName=description["EndpointConfigName"])
    return {each["VariantName"]: each.get("ModelName", "") for each in config["ProductionVariants"]}


def served_job(sagemaker: BaseClient, name: str) -> TrainingJob:
    """Return the training job whose model the endpoint serves: a model has the name of its job."""
    description = describe(sagemaker, name)
    if description is None:
        raise MissingError(f"there is no endpoint {name}: run `scones endpoint` first")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=description["EndpointConfigName"])
    model = config["ProductionVariants"][0]["ModelName"]
    job = training_job.describe(sagemaker, model)
    if job is None:
        raise MissingError(
            f"endpoint {name} serves model {model}, which no training job of this name produced: run `scones endpoint`"
        )
    return job
