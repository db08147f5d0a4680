"""The SDK's local mode, with some of its private parts replaced.

Replaced are: how it finds Compose, how it reads Compose's output, the address on which it publishes a port, and the
network of its containers. These parts are private, which is one reason why the SDK is pinned.
"""

import json
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3

from scones.sagemaker_sdk import CONFIG, quiet

with quiet():
    from sagemaker.local import entities, image, local_session
    from sagemaker.local.local_session import LocalSagemakerClient, LocalSession

# Containers of local mode run on this machine: local_mode is the only folder that may name its address.
LOOPBACK = "127.0.0.1"
STOP_GRACE = "5s"
OUTPUT_LINES = 20


class LoopbackPort(int):
    """A port of the loopback interface. The SDK formats it as `%s:8080`, which would mean every interface."""

    def __str__(self) -> str:
        return f"{LOOPBACK}:{int(self)}"


class Container(image._SageMakerContainer):  # type: ignore[misc]
    """One service of Docker Compose."""

    _is_serving = False

    @staticmethod
    def _get_compose_cmd_prefix() -> list[str]:
        """Return the command without looking at its version: the SDK only accepts one that begins with v2."""
        return ["docker", "compose"]

    def serve(self, model_dir: str, environment: Mapping[str, str]) -> None:
        self._is_serving = True
        super().serve(model_dir, environment)

    def _compose(self, detached: bool = False) -> list[str]:
        command: list[str] = super()._compose(detached)
        if not self._is_serving:
            return command
        return [sys.executable, "-m", "scones.local_mode.compose_process", command[command.index("-f") + 1]]

    def _generate_compose_file(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Give each compose file its own network. The SDK's has a fixed name, is never removed and is shared by all."""
        content: dict[str, Any] = super()._generate_compose_file(*arguments, **named)
        content["networks"] = {name: {} for name in content["networks"]}
        Path(self.container_root, image.DOCKER_COMPOSE_FILENAME).write_text(json.dumps(content))  # JSON is YAML
        return content

    def _create_docker_host(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        service: dict[str, Any] = super()._create_docker_host(*arguments, **named)
        for volume in service["volumes"]:  # Docker would create a missing folder as root
            Path(volume.rsplit(":", 1)[0]).mkdir(parents=True, exist_ok=True)
        return service


def read_to_end(process: "subprocess.Popen[bytes]") -> int:
    """Wait for Compose. The SDK's version prints to stdout, and loses the output that is left at the end."""
    last_lines: deque[str] = deque(maxlen=OUTPUT_LINES)
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            last_lines.append(line.decode(errors="replace").rstrip())
    if (code := process.returncode) not in (0, 130):
        raise RuntimeError("\n".join(last_lines) or f"docker compose exited with {code}")
    return code


local_session._SageMakerContainer = entities._SageMakerContainer = Container
image._stream_output = read_to_end


def session(boto_session: boto3.Session, bucket: str, client: Any = None) -> LocalSession:
    """Return a session of local mode with the given client of SageMaker, or with the SDK's own."""
    sdk_session = LocalSession(boto_session=boto_session, default_bucket=bucket, sagemaker_config=CONFIG)
    sdk_session.sagemaker_client = client or sdk_session.sagemaker_client
    return sdk_session


def client(boto_session: boto3.Session, bucket: str, work: Path, labels: Mapping[str, str]) -> LocalSagemakerClient:
    """Return the SDK's own client, which trains and serves. It writes under `work` only, as the current user."""
    local = session(boto_session, bucket)
    # Compose substitutes variables after a dollar; two dollars stand for one.
    escaped = {name: value.replace("$", "$$") for name, value in labels.items()}
    service = {"labels": escaped, "user": f"{os.getuid()}:{os.getgid()}", "stop_grace_period": STOP_GRACE}
    local.config = {"local": {"container_root": str(work), "serving_port": free_port(), "container_config": service}}
    return local.sagemaker_client


def free_port() -> LoopbackPort:
    """Return a port that is free now. The SDK's default, 8080, would allow only one endpoint."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return LoopbackPort(listener.getsockname()[1])
