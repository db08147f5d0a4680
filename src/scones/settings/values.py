"""The values of all settings for one command."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scones.settings.project import PROJECT, results_folder


@dataclass(frozen=True)
class Settings:
    target: str
    dataset: Path | None
    fallback_dataset: Path
    bucket: str | None
    role: str | None
    image_uri: str | None
    training_instance_type: str
    endpoint_instance_type: str
    hyperparameters: Mapping[str, str]
    endpoint_name: str
    stack: str
    threshold: float
    classes: tuple[str, ...]
    near_classes: tuple[str, ...]
    images: int
    concurrency: int
    tolerated_failure_percentage: float
    accuracy_at_least: float
    accuracy_tolerance: float
    latency_at_most_ms: int
    canary_wait_s: int
    pipeline_on_new_data: bool
    monitor_schedule: str
    monitor_instance_type: str
    monitor_image: str | None
    pipeline_on_drift: bool
    alarm_on_no_traffic: bool
    notification_email: str | None
    endpoint_scaling: bool
    stack_shared_with: str | None
    confirm: bool
    yes: bool
    out: Path
    project: Path = PROJECT

    @property
    def downloads(self) -> Path:
        return self.project / "data"

    @property
    def staged(self) -> Path:
        return results_folder(self.project) / "staged"
