"""The container's files, under `/opt/ml` or the folder that SAGEMAKER_BASE_DIR names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ContainerPaths:
    base: Path = Path("/opt/ml")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> ContainerPaths:
        return cls(Path(environment.get("SAGEMAKER_BASE_DIR") or "/opt/ml"))

    @property
    def input(self) -> Path:
        return self.base / "input"

    @property
    def configuration(self) -> Path:
        return self.input / "config"

    @property
    def hyperparameters(self) -> Path:
        return self.configuration / "hyperparameters.json"

    @property
    def input_data_config(self) -> Path:
        return self.configuration / "inputdataconfig.json"

    @property
    def resource_config(self) -> Path:
        return self.configuration / "resourceconfig.json"

    def channel(self, name: str) -> Path:
        return self.input / "data" / name

    @property
    def model(self) -> Path:
        return self.base / "model"

    @property
    def code(self) -> Path:
        """Return the folder of the user's script: training unpacks the source there."""
        return self.base / "code"

    @property
    def output(self) -> Path:
        return self.base / "output"

    @property
    def output_data(self) -> Path:
        return self.output / "data"

    @property
    def intermediate_output(self) -> Path:
        return self.output / "intermediate"

    @property
    def failure(self) -> Path:
        return self.output / "failure"

    @property
    def success(self) -> Path:
        return self.output / "success"
