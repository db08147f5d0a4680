"""CreateTransformJob's request, parsed once: the rules between its members, and what a run has to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.aws_clients.clients import S3Location
from sagemaker_emulator.errors import validation
from sagemaker_emulator.jobs.channel import Channel, InputError
from sagemaker_emulator.jobs.quotas import require_quota
from sagemaker_emulator.transform.captured_data import BatchCapture
from sagemaker_emulator.transform.data_processing import DataProcessing
from sagemaker_emulator.transform.execution_parameters import ExecutionParameters
from sagemaker_emulator.transform.model_client import ClientConfig

IN_FLIGHT_MAX_MB = 100
CLIENT_TIMEOUT_S, CLIENT_RETRIES = 600, 3


@dataclass(frozen=True)
class TransformRequest:
    model_name: str
    channel: Channel
    split_type: str
    is_gzipped: bool
    ends_lines: bool
    output: S3Location
    processing: DataProcessing
    parameters: ExecutionParameters
    client: ClientConfig
    environment: Mapping[str, str]
    instance_type: str
    instance_count: int
    capture: BatchCapture | None = None

    @classmethod
    def parse(cls, wire: dict[str, Any]) -> TransformRequest:
        """Parse a request that has its defaults. ValidationException for what is refused or not emulated."""
        _refuse_members(wire)
        source, output, resources = wire["TransformInput"], wire["TransformOutput"], wire["TransformResources"]
        try:
            processing = DataProcessing.from_request(wire)
            captured = wire.get("DataCaptureConfig")
            return cls(
                model_name=wire["ModelName"],
                channel=_channel(source),
                split_type=source["SplitType"],
                is_gzipped=source["CompressionType"] == "Gzip",
                ends_lines=output["AssembleWith"] == "Line",
                output=S3Location.parse(output["S3OutputPath"]),
                processing=processing,
                parameters=ExecutionParameters.of_request(wire),
                client=_client(wire),
                environment=wire.get("Environment", {}),
                instance_type=resources["InstanceType"],
                instance_count=resources["InstanceCount"],
                capture=BatchCapture.from_request(captured, processing.accept) if captured else None,
            )
        except (InputError, ValueError) as error:
            raise validation(str(error)) from error


def with_defaults(wire: dict[str, Any]) -> dict[str, Any]:
    """Return the request as AWS reads it and Describe repeats it."""
    return {
        **wire,
        "TransformInput": {"CompressionType": "None", "SplitType": "None", **wire["TransformInput"]},
        "TransformOutput": {"AssembleWith": "None", **wire["TransformOutput"]},
        "DataProcessing": {
            "InputFilter": "$",
            "OutputFilter": "$",
            "JoinSource": "None",
            **wire.get("DataProcessing", {}),
        },
    }


def _channel(transform_input: dict[str, Any]) -> Channel:
    wire = {"ChannelName": "input", "DataSource": {"S3DataSource": transform_input["DataSource"]["S3DataSource"]}}
    return Channel.from_request(wire, "File")


def _client(wire: dict[str, Any]) -> ClientConfig:
    config = wire.get("ModelClientConfig", {})
    headers = {
        "Content-Type": wire["TransformInput"].get("ContentType"),
        "Accept": wire["TransformOutput"].get("Accept"),
    }
    return ClientConfig(
        timeout_s=config.get("InvocationsTimeoutInSeconds", CLIENT_TIMEOUT_S),
        max_retries=config.get("InvocationsMaxRetries", CLIENT_RETRIES),
        headers={name: value for name, value in headers.items() if value},
    )


def _refuse_members(wire: dict[str, Any]) -> None:
    data_type = wire["TransformInput"]["DataSource"]["S3DataSource"]["S3DataType"]
    if data_type not in ("S3Prefix", "ManifestFile"):
        raise validation(f"TransformInput: S3DataType {data_type} is not emulated; use S3Prefix or ManifestFile.")
    # source: CreateTransformJob, MaxPayloadInMB
    payload_mb, concurrent = wire.get("MaxPayloadInMB", 6), wire.get("MaxConcurrentTransforms", 1)
    if max(1, payload_mb) * max(1, concurrent) > IN_FLIGHT_MAX_MB:
        raise validation(
            f"MaxConcurrentTransforms * MaxPayloadInMB cannot exceed {IN_FLIGHT_MAX_MB} MB, "
            f"and is {concurrent} * {payload_mb} MB."
        )
    resources = wire["TransformResources"]
    require_quota(resources["InstanceType"], resources["InstanceCount"], "transform job")
