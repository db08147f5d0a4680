"""The SDK's local mode, with what it leaves to chance decided. Its parts are private, and pinned with the SDK."""

import ipaddress
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

LOOPBACK = str(ipaddress.ip_address(socket.INADDR_LOOPBACK))
STOP_GRACE = "5s"
OUTPUT_LINES = 20


class LoopbackPort(int):
    """A port as the SDK publishes it: `%s:8080` with every interface, unless the port says which one."""

    def __str__(self) -> str:
        return f"{LOOPBACK}:{int(self)}"


class Container(image._SageMakerContainer):  # type: ignore[misc]
    """One service of docker compose."""

    _is_serving = False

    @staticmethod
    def _get_compose_cmd_prefix() -> list[str]:
        """Whatever its version: the SDK takes only what calls itself v2. That there is one was asked before."""
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
        """Its network is its own: the SDK has one by a fixed name, which nobody takes away and all algo-1s share."""
        content: dict[str, Any] = super()._generate_compose_file(*arguments, **named)
        content["networks"] = {name: {} for name in content["networks"]}
        Path(self.container_root, image.DOCKER_COMPOSE_FILENAME).write_text(json.dumps(content))  # JSON is YAML
        return content

    def _create_docker_host(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        service: dict[str, Any] = super()._create_docker_host(*arguments, **named)
        for volume in service["volumes"]:  # else the engine makes what is missing, and root owns it
            Path(volume.rsplit(":", 1)[0]).mkdir(parents=True, exist_ok=True)
        return service


def read_to_end(process: "subprocess.Popen[bytes]") -> int:
    """In place of the SDK's, which writes to stdout and does not read what is left when the process has ended."""
    last: deque[str] = deque(maxlen=OUTPUT_LINES)
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            last.append(line.decode(errors="replace").rstrip())
    if (code := process.returncode) not in (0, 130):
        raise RuntimeError("\n".join(last) or f"docker compose exited with {code}")
    return code


local_session._SageMakerContainer = entities._SageMakerContainer = Container
image._stream_output = read_to_end


def session(boto_session: boto3.Session, bucket: str, client: Any = None) -> LocalSession:
    """Its SageMaker client is the one that is given, else the SDK's own."""
    made = LocalSession(boto_session=boto_session, default_bucket=bucket, sagemaker_config=CONFIG)
    made.sagemaker_client = client or made.sagemaker_client
    return made


def client(boto_session: boto3.Session, bucket: str, work: Path, labels: Mapping[str, str]) -> LocalSagemakerClient:
    """The SDK's own client, which trains and serves. All that it writes is under `work`, and is the caller's."""
    made = session(boto_session, bucket)
    # Dollars are compose's own.
    escaped = {name: value.replace("$", "$$") for name, value in labels.items()}
    service = {"labels": escaped, "user": f"{os.getuid()}:{os.getgid()}", "stop_grace_period": STOP_GRACE}
    made.config = {"local": {"container_root": str(work), "serving_port": free_port(), "container_config": service}}
    return made.sagemaker_client


def free_port() -> LoopbackPort:
    """Not 8080: that is everybody's, and so one endpoint's at a time."""
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        return LoopbackPort(listener.getsockname()[1])
