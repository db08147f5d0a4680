"""What CreateTrainingJob refuses beyond AWS's model: rules between members, and what is not emulated."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.engine import Engine, EngineError
from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs import input_channels
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.training.checkpoints import DEFAULT_PATH, local_directory
from sagemaker_emulator.training.metrics import MetricReader

REQUIRED = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
NOT_EMULATED = (
    "ServerlessJobConfig",
    "MlflowConfig",
    "ModelPackageConfig",
    "DebugRuleConfigurations",
    "ProfilerRuleConfigurations",
    "TensorBoardOutputConfig",
    "AlgorithmSpecification.AlgorithmName",
    "ResourceConfig.InstanceGroups",
    "ResourceConfig.InstancePreferences",
    "ResourceConfig.TrainingPlanArn",
)
MAX_RUNTIME_S = 28 * 86_400


def refuse_what_cannot_run(request: dict[str, Any], engine: Engine, s3: Any) -> None:
    """ValidationException, before anything is stored."""
    _refuse_members(request)
    _refuse_times(request)
    MetricReader.for_request(request["AlgorithmSpecification"])
    try:
        engine.check(request["AlgorithmSpecification"]["TrainingImage"])
        S3Location.parse(request["OutputDataConfig"]["S3OutputPath"])
        if checkpoint := request.get("CheckpointConfig"):
            S3Location.parse(checkpoint["S3Uri"])
            local_directory(Path(), checkpoint.get("LocalPath", DEFAULT_PATH))
        for channel in channels_of(request):
            input_channels.require_objects(s3, channel)
    except (EngineError, input_channels.InputError, ValueError) as error:
        raise validation(str(error)) from error


def channels_of(request: dict[str, Any]) -> list[input_channels.Channel]:
    """InputError for a channel that cannot be."""
    mode = request["AlgorithmSpecification"]["TrainingInputMode"]
    channels = [input_channels.Channel.from_request(wire, mode) for wire in request.get("InputDataConfig", ())]
    (name, times), *_ = Counter(channel.name for channel in channels).most_common(1) or [("", 1)]
    if times > 1:
        raise input_channels.InputError(
            f"Channel names must be unique within a training job, {name!r} is there {times} times"
        )
    return channels


def _refuse_members(request: dict[str, Any]) -> None:
    for name in REQUIRED:
        if name not in request:
            raise validation(f"{name} is required: training jobs without it (serverless ones) are not emulated.")
    for path in NOT_EMULATED:
        first, _, second = path.partition(".")
        if request.get(first, {}).get(second) if second else request.get(first):
            raise validation(f"{path} is not emulated; leave it out, or create the training job on AWS.")
    if "TrainingImage" not in request["AlgorithmSpecification"]:
        raise validation("AlgorithmSpecification.TrainingImage is required: AlgorithmName is not emulated.")
    resources = request["ResourceConfig"]
    if "InstanceType" not in resources or resources.get("InstanceCount", 0) < 1:
        raise validation("ResourceConfig needs an InstanceType and an InstanceCount of at least 1.")
    require_quota(resources["InstanceType"], resources["InstanceCount"], "training job")


def _refuse_times(request: dict[str, Any]) -> None:
    """Source: the API reference's StoppingCondition."""
    condition = request["StoppingCondition"]
    max_runtime_s, max_wait_s = condition.get("MaxRuntimeInSeconds", 86_400), condition.get("MaxWaitTimeInSeconds")
    if max_runtime_s > MAX_RUNTIME_S:
        raise validation(f"Invalid MaxRuntimeInSeconds {max_runtime_s}. It must be at most {MAX_RUNTIME_S} (28 days).")
    if request.get("EnableManagedSpotTraining"):
        if max_wait_s is None or max_wait_s < max_runtime_s:
            raise validation(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
            )
    elif max_wait_s is not None:
        raise validation(
            "Invalid MaxWaitTimeInSeconds. It can only be specified when EnableManagedSpotTraining is true"
        )
