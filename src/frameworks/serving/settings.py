"""The settings of the `serve` command, read from the container's environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from frameworks.contract.failure import ClientError
from frameworks.inference.messages import JSON

# AWS starts a worker for each core. Each has the framework and the model in memory, so a laptop has two by default.
WORKERS_DEFAULT_MAX = 2
WORKERS_MAX = 256
PORT_MAX = 65535
TIMEOUT_MAX_S = 86400
SOCKET = "FRAMEWORKS_MODEL_SOCKET"  # for the server of one model of several


@dataclass(frozen=True)
class ServingSettings:
    """A worker that needs more than `timeout_s` for one answer is replaced. `program` is in `submit_directory`."""

    host: str
    port: int
    workers: int
    timeout_s: int
    default_accept: str
    program: str
    submit_directory: str
    socket: str = ""  # a Unix socket in the place of host and port
    multi_model: bool = False

    @property
    def address(self) -> str:
        """Return where the server listens, as gunicorn writes it."""
        return f"unix:{self.socket}" if self.socket else f"{self.host}:{self.port}"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> ServingSettings:
        workers = min(WORKERS_DEFAULT_MAX, os.cpu_count() or 1)
        return cls(
            host=environment.get("SAGEMAKER_BIND_TO_HOST") or "0.0.0.0",  # noqa: S104 - the container contract
            port=_integer(environment, "SAGEMAKER_BIND_TO_PORT", 8080, PORT_MAX),
            workers=_integer(environment, "SAGEMAKER_MODEL_SERVER_WORKERS", workers, WORKERS_MAX),
            timeout_s=_integer(environment, "SAGEMAKER_MODEL_SERVER_TIMEOUT", 60, TIMEOUT_MAX_S),
            default_accept=environment.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT") or JSON,
            program=environment.get("SAGEMAKER_PROGRAM", ""),
            submit_directory=environment.get("SAGEMAKER_SUBMIT_DIRECTORY", ""),
            socket=environment.get(SOCKET, ""),
            multi_model=environment.get("SAGEMAKER_MULTI_MODEL", "").lower() == "true",
        )


def _integer(environment: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = environment.get(name) or str(default)
    if not text.isdecimal() or not 1 <= int(text) <= maximum:
        raise ClientError(f"{name} is {text!r}: it must be a whole number from 1 to {maximum}")
    return int(text)
