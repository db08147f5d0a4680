"""The docker engine: runs any image. Files are copied in and out, not mounted, so it also works inside a container."""

from sagemaker_emulator.engine.docker.engine import DockerEngine, connect
from sagemaker_emulator.engine.docker.instance_types import InstanceType
from sagemaker_emulator.engine.docker.labels import emulator_id

__all__ = ["DockerEngine", "InstanceType", "connect", "emulator_id"]
