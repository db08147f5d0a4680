"""The docker engine: any image, copied in and out rather than mounted, so that it works from inside a container too."""

from sagemaker_emulator.engine.docker.engine import DockerEngine, connect
from sagemaker_emulator.engine.docker.instance_types import InstanceType
from sagemaker_emulator.engine.docker.labels import instance_of

__all__ = ["DockerEngine", "InstanceType", "connect", "instance_of"]
