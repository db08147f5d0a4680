"""CreateTrainingJob's request, parsed once: the rules between its members, and what a run has to know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs.channel import Channel, InputError
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.repeated import repeated
from sagemaker_emulator.training.artifacts import Artifacts
from sagemaker_emulator.training.checkpoints import KeptFolder
from sagemaker_emulator.training.metrics import patterns_of

REQUIRED = ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition")
NOT_EMULATED = (
    "ServerlessJobConfig",
    "MlflowConfig",
    "ModelPackageConfig",
    "DebugRuleConfigurations",
    "ProfilerRuleConfigurations",
    "AlgorithmSpecification.AlgorithmName",
    "ResourceConfig.InstanceGroups",
    "ResourceConfig.InstancePreferences",
    "ResourceConfig.TrainingPlanArn",
)
MAX_RUNTIME_S = 28 * 86_400
DEFAULT_MAX_RUNTIME_S = 86_400


@dataclass(frozen=True)
class TrainingRequest:
    """`entrypoint` and `arguments` are empty where the image's own apply.

    `checkpoints` and `tensorboard` are None for a job without.
    """

    image: str
    role_arn: str
    network_isolation: bool
    entrypoint: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    hyperparameters: Mapping[str, str]
    channels: tuple[Channel, ...]
    checkpoints: KeptFolder | None
    tensorboard: KeptFolder | None
    artifacts: Artifacts
    metrics: Mapping[str, re.Pattern[str]]
    instance_type: str
    instance_count: int
    max_runtime_s: int

    @classmethod
    def parse(cls, wire: dict[str, Any]) -> TrainingRequest:
        """ValidationException for a request that AWS refuses, or that is not emulated."""
        _refuse_members(wire)
        _refuse_times(wire)
        algorithm, resources = wire["AlgorithmSpecification"], wire["ResourceConfig"]
        checkpoints, tensorboard = wire.get("CheckpointConfig"), wire.get("TensorBoardOutputConfig")
        try:
            return cls(
                image=algorithm["TrainingImage"],
                role_arn=wire.get("RoleArn", ""),
                network_isolation=wire.get("EnableNetworkIsolation", False),
                entrypoint=tuple(algorithm.get("ContainerEntrypoint", ())),
                arguments=tuple(algorithm.get("ContainerArguments", ())),
                environment=wire.get("Environment", {}),
                hyperparameters=wire.get("HyperParameters", {}),
                metrics=patterns_of(algorithm),
                artifacts=Artifacts.of(wire["TrainingJobName"], wire["OutputDataConfig"]),
                checkpoints=KeptFolder.of_checkpoints(checkpoints) if checkpoints else None,
                tensorboard=KeptFolder.of_tensorboard(tensorboard, wire["TrainingJobName"]) if tensorboard else None,
                channels=_channels(wire.get("InputDataConfig", ()), algorithm["TrainingInputMode"]),
                instance_type=resources["InstanceType"],
                instance_count=resources["InstanceCount"],
                max_runtime_s=wire["StoppingCondition"].get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_S),
            )
        except (InputError, ValueError) as error:
            raise validation(str(error)) from error

    @property
    def kept_folders(self) -> tuple[KeptFolder, ...]:
        """Return the folders that are kept in S3 while the job runs."""
        return tuple(folder for folder in (self.checkpoints, self.tensorboard) if folder)

    @property
    def piped_channels(self) -> tuple[Channel, ...]:
        return tuple(channel for channel in self.channels if channel.piped)


def _channels(wires: Any, default_mode: str) -> tuple[Channel, ...]:
    """InputError for a channel that AWS refuses, and for two of one name."""
    channels = tuple(Channel.from_request(wire, default_mode) for wire in wires)
    for name, count in repeated(channel.name for channel in channels).items():
        raise InputError(f"Channel names must be unique within a training job: {name!r} occurs {count} times")
    return channels


def _refuse_members(wire: dict[str, Any]) -> None:
    for name in REQUIRED:
        if name not in wire:
            raise validation(f"{name} is required: training jobs without it (serverless ones) are not emulated.")
    for path in NOT_EMULATED:
        first, _, second = path.partition(".")
        if wire.get(first, {}).get(second) if second else wire.get(first):
            raise validation(f"{path} is not emulated; leave it out, or create the training job on AWS.")
    if "TrainingImage" not in wire["AlgorithmSpecification"]:
        raise validation("AlgorithmSpecification.TrainingImage is required: AlgorithmName is not emulated.")
    resources = wire["ResourceConfig"]
    if "InstanceType" not in resources or resources.get("InstanceCount", 0) < 1:
        raise validation("ResourceConfig needs an InstanceType and an InstanceCount of at least 1.")
    require_quota(resources["InstanceType"], resources["InstanceCount"], "training job")


def _refuse_times(wire: dict[str, Any]) -> None:
    """Source: the API reference's StoppingCondition."""
    condition = wire["StoppingCondition"]
    max_runtime_s = condition.get("MaxRuntimeInSeconds", DEFAULT_MAX_RUNTIME_S)
    max_wait_s = condition.get("MaxWaitTimeInSeconds")
    if max_runtime_s > MAX_RUNTIME_S:
        raise validation(f"Invalid MaxRuntimeInSeconds {max_runtime_s}. It must be at most {MAX_RUNTIME_S} (28 days).")
    if wire.get("EnableManagedSpotTraining"):
        if wire["ResourceConfig"].get("KeepAlivePeriodInSeconds"):  # source: warm pools, considerations
            raise validation(
                "KeepAlivePeriodInSeconds cannot be combined with EnableManagedSpotTraining: warm pools do not support "
                "spot instances. Leave one of them out."
            )
        if max_wait_s is None or max_wait_s < max_runtime_s:
            raise validation(
                "Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds"
            )
    elif max_wait_s is not None:
        raise validation(
            "Invalid MaxWaitTimeInSeconds. It can only be specified when EnableManagedSpotTraining is true"
        )
