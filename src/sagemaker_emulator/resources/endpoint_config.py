"""An endpoint configuration: its production variants and what is captured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

DOWNLOAD_TIMEOUT_S = 3600.0
CONCURRENT_INVOCATIONS = 4  # the default, which SageMaker chooses


@dataclass(frozen=True)
class ServerlessConfig:
    """ServerlessConfig, parsed. An endpoint without `provisioned_concurrency` has no instances while it is idle."""

    memory_mb: int
    max_concurrency: int
    provisioned_concurrency: int | None = None

    @classmethod
    def from_request(cls, wire: dict[str, Any]) -> ServerlessConfig:
        return cls(wire["MemorySizeInMB"], wire["MaxConcurrency"], wire.get("ProvisionedConcurrency"))

    @property
    def provisioned(self) -> int:
        return self.provisioned_concurrency or 0

    def updated(self, wire: dict[str, int]) -> ServerlessConfig:
        """Return these limits with those of a ServerlessUpdateConfig."""
        return replace(
            self,
            max_concurrency=wire.get("MaxConcurrency", self.max_concurrency),
            provisioned_concurrency=wire.get("ProvisionedConcurrency", self.provisioned_concurrency),
        )


@dataclass(frozen=True)
class ProductionVariant:
    """One variant of the request. Weights have no unit: traffic is shared in proportion."""

    name: str
    model_name: str
    instance_count: int
    weight: float
    instance_type: str | None
    download_timeout_s: float
    startup_timeout_s: float | None
    serverless: ServerlessConfig | None = None

    @property
    def hosts_components(self) -> bool:
        """Whether it has no model of its own but inference components."""
        return not self.model_name

    @classmethod
    def from_request(cls, wire: dict[str, Any]) -> ProductionVariant:
        return cls(
            name=wire["VariantName"],
            model_name=wire.get("ModelName", ""),
            instance_count=wire.get("InitialInstanceCount", 1),
            weight=wire.get("InitialVariantWeight", 1.0),
            instance_type=wire.get("InstanceType"),
            download_timeout_s=wire.get("ModelDataDownloadTimeoutInSeconds", DOWNLOAD_TIMEOUT_S),
            startup_timeout_s=wire.get("ContainerStartupHealthCheckTimeoutInSeconds"),
            serverless=ServerlessConfig.from_request(wire["ServerlessConfig"]) if "ServerlessConfig" in wire else None,
        )


@dataclass(frozen=True)
class DataCapture:
    """DataCaptureConfig, parsed. Sampling is a percentage, 0 to 100."""

    enabled: bool
    sampling_percentage: int
    destination_uri: str
    modes: frozenset[str]
    csv_types: frozenset[str]
    json_types: frozenset[str]

    @classmethod
    def from_request(cls, wire: dict[str, Any]) -> DataCapture:
        headers = wire.get("CaptureContentTypeHeader", {})
        return cls(
            enabled=wire.get("EnableCapture", False),
            sampling_percentage=wire["InitialSamplingPercentage"],
            destination_uri=wire["DestinationS3Uri"].rstrip("/"),
            modes=frozenset(option["CaptureMode"] for option in wire["CaptureOptions"]),
            csv_types=frozenset(name.lower() for name in headers.get("CsvContentTypes", ())),
            json_types=frozenset(name.lower() for name in headers.get("JsonContentTypes", ())),
        )


@dataclass(frozen=True)
class AsyncInference:
    """AsyncInferenceConfig, parsed. Paths and topics are None if the request has none."""

    output_uri: str
    failure_uri: str | None
    success_topic: str | None
    error_topic: str | None
    responses_in: frozenset[str]
    concurrent_per_instance: int

    @classmethod
    def from_request(cls, wire: dict[str, Any]) -> AsyncInference:
        output = wire["OutputConfig"]
        notification = output.get("NotificationConfig", {})
        client = wire.get("ClientConfig", {})
        return cls(
            output_uri=output["S3OutputPath"].rstrip("/"),
            failure_uri=output["S3FailurePath"].rstrip("/") if "S3FailurePath" in output else None,
            success_topic=notification.get("SuccessTopic"),
            error_topic=notification.get("ErrorTopic"),
            responses_in=frozenset(notification.get("IncludeInferenceResponseIn", ())),
            concurrent_per_instance=client.get("MaxConcurrentInvocationsPerInstance", CONCURRENT_INVOCATIONS),
        )


@dataclass(frozen=True)
class EndpointConfig:
    kind: ClassVar[str] = "endpoint-config"

    name: str
    arn: str
    request: dict[str, Any]
    created: float

    @property
    def variants(self) -> tuple[ProductionVariant, ...]:
        return tuple(ProductionVariant.from_request(wire) for wire in self.request["ProductionVariants"])

    @property
    def shadow_variants(self) -> tuple[ProductionVariant, ...]:
        """Return the variants that get copies of requests; there is at most one."""
        return tuple(ProductionVariant.from_request(wire) for wire in self.request.get("ShadowProductionVariants", ()))

    @property
    def model_names(self) -> tuple[str, ...]:
        """Return the name of each model once."""
        return tuple(dict.fromkeys(one.model_name for one in (*self.variants, *self.shadow_variants) if one.model_name))

    @property
    def data_capture(self) -> DataCapture | None:
        wire = self.request.get("DataCaptureConfig")
        return DataCapture.from_request(wire) if wire else None

    @property
    def async_inference(self) -> AsyncInference | None:
        wire = self.request.get("AsyncInferenceConfig")
        return AsyncInference.from_request(wire) if wire else None
