"""The surroundings of everything that runs containers: AWS, the engine, a folder, and times."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from sagemaker_emulator.aws_clients.clients import AwsClients
from sagemaker_emulator.aws_clients.log_streams import LogStream
from sagemaker_emulator.engine import Container, ContainerSpec, Engine
from sagemaker_emulator.jobs.job_containers import Halt

MARK = "[sagemaker emulator]"  # before the emulator's own lines in the log of a container


class _Halted(Exception):
    """The job was halted while its image was made ready."""


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

    def prepare(
        self, image: str, halt: Halt, stream: LogStream, explain: Callable[[str], None] = lambda _: None
    ) -> None:
        """Get what the engine needs for an image. A halt ends that; the caller looks at it. EngineError if it fails.

        Lines of progress go to the log and to `explain`. `stream` is closed in the end: the container has its own, of
        the same name.
        """

        def say(line: str) -> None:
            if halt.is_set():
                raise _Halted
            stream.write(f"{MARK} {line}")
            explain(line)

        with closing(stream), suppress(_Halted):
            self.engine.prepare(image, say)

    def start(self, spec: ContainerSpec) -> Container:
        """Start a container that can reach the local cloud as its role. EngineError if it does not start."""
        return self.engine.start(self.with_aws(spec))

    def with_aws(self, spec: ContainerSpec) -> ContainerSpec:
        """Add the variables of AWS's SDKs. Those of the request take precedence."""
        variables = self.aws.container_variables.of_role(spec.role_arn, spec.network_isolation)
        return replace(spec, environment={**variables, **spec.environment})
