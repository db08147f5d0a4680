"""Step 3: the trained model behind an endpoint that captures all of its traffic."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from scones.console import keeps_running
from scones.context import PROJECT_TAG, Context
from scones.errors import EndpointError, MissingError, is_unknown_name
from scones.logs import ENDPOINTS, LogReader
from scones.polling import poll
from scones.training import role, training_job
from scones.training.training_job import TrainingJob

VARIANT = "AllTraffic"
CAPTURE = "data_capture"
TIMEOUT_S = 1800
MOVING = {"Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"}


def describe(sagemaker: BaseClient, name: str) -> Mapping[str, Any] | None:
    try:
        answer: Mapping[str, Any] = sagemaker.describe_endpoint(EndpointName=name)
    except ClientError as error:
        if is_unknown_name(error):
            return None
        raise
    return answer


def ensure_model(context: Context, job: TrainingJob) -> str:
    sagemaker = context.client("sagemaker")
    try:
        sagemaker.describe_model(ModelName=job.name)
    except ClientError as error:
        if not is_unknown_name(error):
            raise
        sagemaker.create_model(
            ModelName=job.name,
            PrimaryContainer={"Image": job.image_uri, "ModelDataUrl": job.model_data},
            ExecutionRoleArn=role.arn(context),
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
        "DestinationS3Uri": f"s3://{context.bucket}/{CAPTURE}",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"JsonContentTypes": ["application/json"]},
    }
    return {"ProductionVariants": [variant], "DataCaptureConfig": capture}


def ensure_config(context: Context, model: str) -> str:
    """A config's name is its content's hash: another content is another config, as an update needs it."""
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


def settled(context: Context, name: str) -> Mapping[str, Any] | None:
    """The endpoint once its status no longer moves, None if there is none."""
    status, reader = "", LogReader(context.client("logs"), f"{ENDPOINTS}/{name}")
    with context.console.meter(f"Endpoint {name}") as meter:
        for waited in poll(TIMEOUT_S):
            found = describe(context.client("sagemaker"), name)
            if found is None or found["EndpointStatus"] not in MOVING:
                return found
            status = found["EndpointStatus"]
            meter.update(f"{status}, {waited:.0f} s")
    reader.read()
    raise EndpointError(f"endpoint {name} was still {status} after {TIMEOUT_S} s; its log ends\n{reader.tail()}")


def failure(context: Context, found: Mapping[str, Any]) -> EndpointError:
    name = found["EndpointName"]
    reader = LogReader(context.client("logs"), f"{ENDPOINTS}/{name}")
    reader.read()
    tail = f"\n  its log ends\n{reader.tail()}" if reader.lines else ""
    reason = found.get("FailureReason", "no reason given")
    return EndpointError(f"endpoint {name} is {found['EndpointStatus']}: {reason}{tail}")


def delete(context: Context, name: str) -> None:
    if settled(context, name) is not None:
        context.client("sagemaker").delete_endpoint(EndpointName=name)
        settled(context, name)


def deploy(context: Context, name: str, config: str) -> bool:
    """Create or update as needed. False if the endpoint already serves this config."""
    sagemaker, found = context.client("sagemaker"), settled(context, name)
    if found is not None and found["EndpointStatus"] == "Failed":
        context.console.warn(f"Endpoint {name} is Failed ({found.get('FailureReason')}): made anew")
        delete(context, name)
        found = None
    if found is None:
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config, Tags=[PROJECT_TAG])
        return True
    if found["EndpointStatus"] != "InService":
        raise failure(context, found)
    if found["EndpointConfigName"] == config:
        return False
    context.console.say(f"Endpoint {name} is updated to {config}, without downtime")
    sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)
    return True


def endpoint(context: Context) -> str:
    job, name = training_job.trained(context), context.settings.endpoint_name
    config = ensure_config(context, ensure_model(context, job))
    if not deploy(context, name, config):
        context.console.done(f"Endpoint {name} is InService already, with the model of {job.name}")
        return name
    with keeps_running(f"endpoint {name} (scones destroy, or aws sagemaker delete-endpoint --endpoint-name {name})"):
        found = settled(context, name)
    if found is None:
        raise EndpointError(f"endpoint {name} is gone: someone deleted it while it was waited for")
    # An update that fails leaves the endpoint in service with what it had.
    if found["EndpointStatus"] != "InService" or found["EndpointConfigName"] != config:
        raise failure(context, found)
    context.console.done(f"Endpoint {name} is InService, with the model of {job.name}")
    return name


def served_job(context: Context, name: str) -> TrainingJob:
    """The training job whose model the endpoint serves: a model is named after its job."""
    sagemaker, found = context.client("sagemaker"), describe(context.client("sagemaker"), name)
    if found is None:
        raise MissingError(f"there is no endpoint {name}: run `scones endpoint` first")
    config = sagemaker.describe_endpoint_config(EndpointConfigName=found["EndpointConfigName"])
    model = config["ProductionVariants"][0]["ModelName"]
    job = training_job.describe(sagemaker, model)
    if job is None:
        raise MissingError(f"endpoint {name} serves model {model}, which no training job made: run `scones endpoint`")
    return job


def require_in_service(context: Context) -> str:
    name = context.settings.endpoint_name
    found = describe(context.client("sagemaker"), name)
    if found is None:
        raise MissingError(f"there is no endpoint {name}: run `scones endpoint` first")
    if found["EndpointStatus"] != "InService":
        raise failure(context, found)
    return name
