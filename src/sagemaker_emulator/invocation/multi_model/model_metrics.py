"""CloudWatch metrics of one multi-model container.

Source: CloudWatch metrics for multi-model endpoint deployments. LoadedModelCount is in the namespace of instances.
"""

from __future__ import annotations

from dataclasses import dataclass

from sagemaker_emulator.invocation.metrics import InvocationMetrics


@dataclass(frozen=True)
class ModelMetrics:
    """The metrics of one container of an endpoint's variant. Times are in microseconds."""

    metrics: InvocationMetrics
    endpoint: str
    variant: str
    container: str  # of which instance: its count of models replaces the one before

    def hit(self) -> None:
        """Count a request for a model that was loaded."""
        self._add("ModelCacheHit", 1)

    def waited(self, took_us: int) -> None:
        """Count a request for a model that was not loaded, and how long it waited."""
        self._add("ModelCacheHit", 0)
        self._add("ModelLoadingWaitTime", took_us)

    def downloaded(self, took_us: int) -> None:
        self._add("ModelDownloadingTime", took_us)

    def loaded(self, took_us: int) -> None:
        self._add("ModelLoadingTime", took_us)

    def unloaded(self, took_us: int) -> None:
        self._add("ModelUnloadingTime", took_us)

    def count(self, models: int) -> None:
        self.metrics.set_loaded_models(self.endpoint, self.variant, self.container, models)

    def _add(self, name: str, value: int) -> None:
        self.metrics.add(self.endpoint, self.variant, {name: value})
