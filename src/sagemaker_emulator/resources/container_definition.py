"""One container of a model: an image, the location of its artifacts, and its mode."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PRIMARY = "primary"  # AWS's name for the only container of a model


@dataclass(frozen=True)
class ContainerDefinition:
    """A ContainerDefinition of CreateModel. `name` distinguishes the containers of a model in logs and metrics."""

    name: str
    wire: Mapping[str, Any]

    @property
    def image(self) -> str:
        """Return the image; an empty text if neither the request nor the model package names one."""
        return str(self.wire.get("Image", ""))

    @property
    def environment(self) -> dict[str, str]:
        return {**self.wire.get("Environment", {})}

    @property
    def is_multi_model(self) -> bool:
        """Whether the container loads and unloads models while it serves; `artifacts_uri` is then their prefix."""
        return bool(self.wire.get("Mode") == "MultiModel")

    @property
    def caches_models(self) -> bool:
        """Whether a multi-model container keeps a model after its invocation."""
        return bool(self.wire.get("MultiModelConfig", {}).get("ModelCacheSetting") != "Disabled")

    @property
    def artifacts_uri(self) -> str | None:
        """Return the s3:// URI of model.tar.gz, from ModelDataUrl or from ModelDataSource."""
        uri: str | None = self.wire.get("ModelDataUrl") or self._data_source.get("S3Uri")
        return uri

    @property
    def has_uncompressed_data(self) -> bool:
        """Return whether ModelDataSource names files or a prefix instead of an archive."""
        source = {} if self.wire.get("ModelDataUrl") else self._data_source
        return bool(source.get("S3DataType") == "S3Prefix" or source.get("CompressionType") == "None")

    @property
    def _data_source(self) -> dict[str, Any]:
        source: dict[str, Any] = self.wire.get("ModelDataSource", {}).get("S3DataSource", {})
        return source
