"""The surroundings of everything that runs containers: AWS, the engine, a folder, and times."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.engine import Engine


@dataclass(frozen=True)
class RunContext:
    """Shared by all runs of one kind. `directory` holds a folder for each of them.

    `start_timeout_s` is how long a container that serves may take until it answers /ping; `stop_grace_s` lies between
    SIGTERM and SIGKILL.
    """

    aws: AwsClients
    engine: Engine
    directory: Path
    start_timeout_s: float
    stop_grace_s: float
