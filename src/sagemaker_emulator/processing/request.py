"""CreateProcessingJob's request, parsed once: the rules between its members, and what a run has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs.channel import Channel, InputError
from sagemaker_emulator.jobs.hosts import OPT_ML, require_file_path
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.repeated import repeated

PROCESSING = OPT_ML / "processing"
MAX_RUNTIME_S = 86_400


@dataclass(frozen=True)
class ProcessingInput:
    """One of ProcessingInputs: a channel, and the container's folder for its files."""

    channel: Channel
    local_path: PurePosixPath

    @classmethod
    def from_request(cls, wire: dict[str, Any]) -> ProcessingInput:
        """ValidationException or InputError for what AWS refuses, and for what is not emulated."""
        where = f"ProcessingInputs {wire['InputName']!r}"
        if "S3Input" not in wire:
            raise validation(f"{where}: S3Input is required: DatasetDefinition is not emulated.")
        if wire.get("AppManaged"):
            raise validation(f"{where}: AppManaged inputs are not emulated.")
        if wire["S3Input"]["S3InputMode"] != "File":
            raise validation(f"{where}: S3InputMode Pipe is not emulated; use File.")
        if wire["S3Input"]["S3CompressionType"] != "None":
            raise validation(f"{where}: S3CompressionType Gzip is for S3InputMode Pipe, which is not emulated.")
        local_path = _local_path(where, wire["S3Input"])
        channel = {"ChannelName": wire["InputName"], "DataSource": {"S3DataSource": wire["S3Input"]}}
        return cls(Channel.from_request(channel, "File"), local_path)


@dataclass(frozen=True)
class ProcessingOutput:
    """One of ProcessingOutputConfig's outputs. `mode` is EndOfJob or Continuous."""

    local_path: PurePosixPath
    prefix: S3Location
    mode: str

    @classmethod
    def from_request(cls, wire: dict[str, Any]) -> ProcessingOutput:
        """ValidationException for what AWS refuses, and for what is not emulated."""
        where = f"ProcessingOutputConfig {wire['OutputName']!r}"
        if "S3Output" not in wire:
            raise validation(f"{where}: S3Output is required: FeatureStoreOutput is not emulated.")
        if wire.get("AppManaged"):
            raise validation(f"{where}: AppManaged outputs are not emulated.")
        local_path = _local_path(where, wire["S3Output"])
        try:
            prefix = S3Location.parse(wire["S3Output"]["S3Uri"])
        except ValueError as error:
            raise validation(f"{where}: {error}") from error
        return cls(local_path, prefix, wire["S3Output"]["S3UploadMode"])


@dataclass(frozen=True)
class ProcessingRequest:
    """`entrypoint` and `arguments` are empty where the image's own apply."""

    image: str
    role_arn: str
    network_isolation: bool
    entrypoint: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    inputs: tuple[ProcessingInput, ...]
    outputs: tuple[ProcessingOutput, ...]
    instance_type: str
    instance_count: int
    max_runtime_s: int

    @classmethod
    def parse(cls, wire: dict[str, Any]) -> ProcessingRequest:
        """Parse a request that has its defaults. ValidationException for what is refused or not emulated."""
        application, cluster = wire["AppSpecification"], wire["ProcessingResources"]["ClusterConfig"]
        if not {"InstanceCount", "InstanceType"} <= set(cluster):
            raise validation("ClusterConfig needs InstanceType and InstanceCount: InstancePreferences is not emulated.")
        require_quota(cluster["InstanceType"], cluster["InstanceCount"], "processing job")
        outputs = wire.get("ProcessingOutputConfig", {}).get("Outputs", ())
        try:
            return cls(
                image=application["ImageUri"],
                role_arn=wire.get("RoleArn", ""),
                network_isolation=wire.get("NetworkConfig", {}).get("EnableNetworkIsolation", False),
                entrypoint=tuple(application.get("ContainerEntrypoint", ())),
                arguments=tuple(application.get("ContainerArguments", ())),
                environment=wire.get("Environment", {}),
                outputs=tuple(ProcessingOutput.from_request(output) for output in outputs),
                inputs=tuple(ProcessingInput.from_request(input_) for input_ in wire.get("ProcessingInputs", ())),
                instance_type=cluster["InstanceType"],
                instance_count=cluster["InstanceCount"],
                max_runtime_s=wire["StoppingCondition"]["MaxRuntimeInSeconds"],
            )
        except InputError as error:
            raise validation(str(error)) from error


def refuse_shared_names(wire: dict[str, Any]) -> None:
    """Raise ValidationException for names that occur twice, and for inputs that share a folder.

    AWS's message about the folders is empty (aws/sagemaker-python-sdk issue 4939).
    """
    inputs, outputs = wire.get("ProcessingInputs", ()), wire.get("ProcessingOutputConfig", {}).get("Outputs", ())
    names = [*(one["InputName"] for one in inputs), *(one["OutputName"] for one in outputs)]
    if shared := sorted(repeated(names)):
        raise validation(f"Input and Output names must be globally unique: [{', '.join(shared)}]")
    folders = [PurePosixPath(one["S3Input"]["LocalPath"]) for one in inputs if "S3Input" in one]
    for folder, count in repeated(folders).items():
        raise validation(
            f"The LocalPath of each input must be unique: {count} inputs have {str(folder)!r}. Give each a folder."
        )


def with_defaults(wire: dict[str, Any]) -> dict[str, Any]:
    """Return the request as AWS reads it and Describe repeats it."""
    whole = {"StoppingCondition": {"MaxRuntimeInSeconds": MAX_RUNTIME_S}, **wire}
    if inputs := wire.get("ProcessingInputs"):
        whole["ProcessingInputs"] = [_input_with_defaults(input_) for input_ in inputs]
    if config := wire.get("ProcessingOutputConfig"):
        outputs = [{"AppManaged": False, **output} for output in config["Outputs"]]
        whole["ProcessingOutputConfig"] = {**config, "Outputs": outputs}
    return whole


def _input_with_defaults(wire: dict[str, Any]) -> dict[str, Any]:
    if "S3Input" not in wire:
        return wire
    defaults = {"S3InputMode": "File", "S3DataDistributionType": "FullyReplicated", "S3CompressionType": "None"}
    return {"AppManaged": False, **wire, "S3Input": {**defaults, **wire["S3Input"]}}


def _local_path(where: str, wire: dict[str, Any]) -> PurePosixPath:
    text = wire.get("LocalPath", "")
    path = PurePosixPath(text)
    if not path.is_relative_to(PROCESSING) or path == PROCESSING or ".." in path.parts:
        raise validation(f"{where}: LocalPath must be a path below {PROCESSING}, not {text!r}.")
    try:
        require_file_path(path)
    except ValueError as error:
        raise validation(f"{where}: {error}") from error
    return path
