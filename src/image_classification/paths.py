"""Where the platform puts things: `/opt/ml`, or the folder that `SAGEMAKER_BASE_DIR` names."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ContainerPaths:
    base: Path

    @classmethod
    def from_environment(cls) -> "ContainerPaths":
        return cls(Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml"))

    @property
    def hyperparameters(self) -> Path:
        return self.base / "input" / "config" / "hyperparameters.json"

    @property
    def input_data_config(self) -> Path:
        return self.base / "input" / "config" / "inputdataconfig.json"

    @property
    def resource_config(self) -> Path:
        return self.base / "input" / "config" / "resourceconfig.json"

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def failure(self) -> Path:
        return self.base / "output" / "failure"

    def channel(self, name: str) -> Path:
        return self.base / "input" / "data" / name
