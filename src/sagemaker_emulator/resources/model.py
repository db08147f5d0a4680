"""A model: an image and the location of its artifacts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass(frozen=True)
class Model:
    kind: ClassVar[str] = "model"

    name: str
    arn: str
    request: dict[str, Any]
    created: float
    packaged: dict[str, Any] = field(default_factory=dict)  # the container definition of its model package

    @property
    def container(self) -> dict[str, Any]:
        """Return PrimaryContainer, or the only one of Containers, merged over the container of its model package."""
        primary: dict[str, Any] = (
            self.request["PrimaryContainer"] if "PrimaryContainer" in self.request else self.request["Containers"][0]
        )
        environment = {**self.packaged.get("Environment", {}), **primary.get("Environment", {})}
        return {**self.packaged, **primary, "Environment": environment}

    @property
    def role_arn(self) -> str:
        return str(self.request.get("ExecutionRoleArn", ""))

    @property
    def network_isolation(self) -> bool:
        return bool(self.request.get("EnableNetworkIsolation", False))

    @property
    def artifacts_uri(self) -> str | None:
        """Return the s3:// URI of model.tar.gz, from ModelDataUrl or from ModelDataSource."""
        uri: str | None = self.container.get("ModelDataUrl") or self._data_source.get("S3Uri")
        return uri

    @property
    def has_uncompressed_data(self) -> bool:
        """Return whether ModelDataSource names files or a prefix instead of an archive."""
        source = {} if self.container.get("ModelDataUrl") else self._data_source
        return source.get("S3DataType") == "S3Prefix" or source.get("CompressionType") == "None"

    @property
    def _data_source(self) -> dict[str, Any]:
        source: dict[str, Any] = self.container.get("ModelDataSource", {}).get("S3DataSource", {})
        return source
