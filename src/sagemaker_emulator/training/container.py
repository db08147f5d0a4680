"""The container of a training job's host: its files under /opt/ml, and the way in which the engine starts it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sagemaker_emulator.engine import ContainerSpec
from sagemaker_emulator.jobs.channel import Channel
from sagemaker_emulator.jobs.hosts import Host, resource_config
from sagemaker_emulator.resources.training_job import TrainingJob
from sagemaker_emulator.training.request import TrainingRequest

FOLDERS = ("input/config", "input/data", "model", "output/data", "checkpoints")


@dataclass(frozen=True)
class TrainingContainers:
    """The containers of one job. `token` distinguishes them from those of a deleted job of the same name."""

    job: TrainingJob
    request: TrainingRequest
    hosts: Sequence[Host]
    token: str

    def write_folders(self, host: Host) -> None:
        """Create the folders and the configuration files that a training container expects."""
        for name in FOLDERS:
            (host.base_dir / name).mkdir(parents=True, exist_ok=True)
        documents = {
            "hyperparameters": dict(self.request.hyperparameters),
            "inputdataconfig": {channel.name: channel.container_config() for channel in self.request.channels},
            "resourceconfig": resource_config(host, self.hosts, self.request.instance_type),
        }
        if checkpoints := self.request.checkpoints:  # AWS's XGBoost reads it
            documents["checkpointconfig"] = {
                "S3Uri": str(checkpoints.location),
                "LocalPath": str(checkpoints.local_path),
            }
        for name, document in documents.items():
            (host.base_dir / "input" / "config" / f"{name}.json").write_text(json.dumps(document))

    def spec(self, host: Host) -> ContainerSpec:
        request = self.request
        kept = tuple(host.at(folder.local_path) for folder in request.kept_folders)
        replaces_train = bool(request.entrypoint or request.arguments)  # either takes precedence over `train`
        return ContainerSpec(
            self._name(host),
            request.image,
            "" if replaces_train else "train",
            host.base_dir,
            {**request.environment, "TRAINING_JOB_NAME": self.job.name, "TRAINING_JOB_ARN": self.job.arn},
            entrypoint=request.entrypoint,
            arguments=request.arguments,
            instance_type=request.instance_type,
            host=host.name,
            peers={other.name: self._name(other) for other in self.hosts if other is not host},
            outputs=(host.base_dir / "model", host.base_dir / "output", *kept),
            live_outputs=kept,
            network_isolation=request.network_isolation,
            role_arn=request.role_arn,
        )

    def _name(self, host: Host) -> str:
        return f"{self.job.name}-{host.name}-{self.token}"


def channel_directory(host: Host, channel: Channel) -> Path:
    """Return the folder of a channel's files, or of its FIFOs, which are next to the folders of other channels."""
    data = host.base_dir / "input" / "data"
    return data if channel.piped else data / channel.name
