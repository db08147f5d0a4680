"""The container's files, under `/opt/ml` or the folder in `SAGEMAKER_BASE_DIR`."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ContainerPaths:
    base: Path
    pretrained_model: Path | None = None  # a file or folder that the user added to the image or mounted

    @classmethod
    def from_environment(cls) -> "ContainerPaths":
        pretrained = os.environ.get("IMAGE_CLASSIFICATION_PRETRAINED_MODEL")
        base = Path(os.environ.get("SAGEMAKER_BASE_DIR") or "/opt/ml")
        return cls(base, Path(pretrained) if pretrained else None)

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
