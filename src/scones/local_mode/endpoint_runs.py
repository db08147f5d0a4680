"""Endpoints of local mode. The SDK starts a container, which outlives the command that asked for it."""

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from scones.local_mode import docker_engine
from scones.local_mode.background import in_background
from scones.local_mode.docker_engine import ENDPOINT, ENDPOINT_CONFIG, Docker, Follower

FAILURE_MAX = 1024


@dataclass(frozen=True)
class EndpointRun:
    """The containers of endpoints: start and stop them."""

    session: boto3.Session
    docker: Docker
    bucket: str

    def start(self, name: str, config: dict[str, Any], model: dict[str, Any]) -> str | None:
        """Start a container and wait until it answers /ping. Return None, or the reason why it does not answer.

        Containers that already serve this endpoint are removed once the new one answers.
        """
        earlier = self.docker.find(ENDPOINT, name)
        follower = Follower(self.docker, ENDPOINT, name, lambda lines: None, frozenset(one.id for one in earlier))
        work = Path(tempfile.mkdtemp(prefix="sagemaker-local-mode-"))
        reason = self._serve(work, name, config, model, follower)
        follower.give_up()
        if reason is None:
            docker_engine.remove(earlier)
            return None
        docker_engine.remove([one for one in self.docker.find(ENDPOINT, name) if one not in earlier])
        shutil.rmtree(work, ignore_errors=True)
        tail = "\n".join(follower.tail)
        return f"{reason}{f' Last lines of its log:{chr(10)}{tail}' if tail else ''}"[:FAILURE_MAX]

    def _serve(
        self, work: Path, name: str, config: dict[str, Any], model: dict[str, Any], follower: Follower
    ) -> str | None:
        # Importing the SDK takes seconds.
        from scones.local_mode import sdk

        client = sdk.client(self.session, self.bucket, work, labels(name, config))
        failures: list[str] = []

        def serve() -> None:
            try:
                client.create_model(model["ModelName"], model["PrimaryContainer"])
                client.create_endpoint_config(config["EndpointConfigName"], config["ProductionVariants"])
                client.create_endpoint(name, config["EndpointConfigName"])
            except Exception as error:  # noqa: BLE001 - the edge of a thread: the SDK lets errors of many libraries through
                failures.append(str(error))

        starting = in_background(f"endpoint {name}", serve)
        while starting.is_alive():
            # The SDK keeps checking the health of an exited container for two minutes.
            if follower.ended.wait(0.2):
                return f"The container exited with code {follower.exit_code} before it passed the ping health check."
        return failures[0] if failures else None

    def is_served(self, name: str) -> bool:
        return self.docker.is_running(ENDPOINT, name)

    def stop(self, name: str) -> None:
        docker_engine.remove(self.docker.find(ENDPOINT, name))


def labels(name: str, config: dict[str, Any]) -> dict[str, str]:
    """Return labels that name the endpoint and its configuration: the SDK's local mode cannot pass on data capture."""
    configuration = {
        member: config[member] for member in ("ProductionVariants", "DataCaptureConfig") if member in config
    }
    return {ENDPOINT: name, ENDPOINT_CONFIG: json.dumps(configuration, separators=(",", ":"))}
