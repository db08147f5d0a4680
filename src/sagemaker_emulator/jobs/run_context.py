"""The surroundings of everything that runs containers: AWS, the engine, a folder, and times."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.engine import Container, ContainerSpec, Engine


@dataclass(frozen=True)
class RunContext:
    """Shared by all runs of one kind. `directory` holds a folder for each of them.

    `start_timeout_s` is how long a container that serves may take until it answers /ping; `stop_grace_s` is the time
    between SIGTERM and SIGKILL. Uploads are retried for `upload_retry_s` while S3 is unavailable.
    """

    aws: AwsClients
    engine: Engine
    directory: Path
    start_timeout_s: float
    stop_grace_s: float
    upload_retry_s: float = 3600.0

    def start(self, spec: ContainerSpec) -> Container:
        """Start a container that can reach the local cloud as its role. EngineError if it does not start."""
        return self.engine.start(self.with_aws(spec))

    def with_aws(self, spec: ContainerSpec) -> ContainerSpec:
        """Add the variables of AWS's SDKs. Those of the request take precedence."""
        variables = self.aws.container_variables.of_role(spec.role_arn, spec.network_isolation)
        return replace(spec, environment={**variables, **spec.environment})
