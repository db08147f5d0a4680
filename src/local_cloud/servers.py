"""The two servers of the local cloud: what starts them, and what they are told."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cloud.aws import CREDENTIALS, without_aws
from local_cloud.settings import Settings


def _is_none(_: Any) -> bool:
    return False


@dataclass(frozen=True)
class Server:
    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    health_path: str
    port_variable: str
    """The variable by which the person chooses another port."""
    on_restart: str = "its state is kept"
    """What becomes of its state when it died and is started again."""
    scratch: Path | None = None
    """A folder that is worth nothing once the server has ended, and is emptied before it starts."""
    is_named_by: Callable[[Any], bool] = _is_none
    """Whether what a health path says is this server's, so that one which was started by other means is known."""


def servers(settings: Settings, environment: Mapping[str, str] = os.environ) -> tuple[Server, ...]:
    return sagemaker(settings, environment), localstack(settings, environment)


def sagemaker(settings: Settings, environment: Mapping[str, str]) -> Server:
    return Server(
        name="sagemaker",
        command=(sys.executable, "-m", "sagemaker_emulator"),
        environment={
            **without_aws(environment),
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": settings.localstack_url,
            "SAGEMAKER_EMULATOR_HOST": "127.0.0.1",
            "SAGEMAKER_EMULATOR_PORT": str(settings.sagemaker_port),
            "SAGEMAKER_EMULATOR_STATE_DIR": str(settings.state_dir / "sagemaker"),
            "PYTHONUNBUFFERED": "1",
        },
        port=settings.sagemaker_port,
        health_path="/health",
        port_variable="SCONES_SAGEMAKER_PORT",
        on_restart="its jobs and endpoints are kept",
        is_named_by=lambda said: isinstance(said, dict) and said.get("service") == "sagemaker",
    )


def localstack(settings: Settings, environment: Mapping[str, str]) -> Server:
    python = settings.root / ".venv-localstack" / "bin" / "python"
    scratch = settings.state_dir / "localstack"
    own = without_aws(environment, also=("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TMPDIR"))
    return Server(
        name="localstack",
        # -P: the folder that it is started from does not become a place to import from
        command=(str(python), "-P", "-m", "localstack.runtime.main"),
        environment={
            "LAMBDA_RUNTIME_EXECUTOR": "process",
            **own,
            **CREDENTIALS,
            "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "0",
            "DISABLE_EVENTS": "1",
            # no DNS server: it would take port 53
            "DNS_ADDRESS": "0",
            "FILESYSTEM_ROOT": str(scratch),
            # our plugin's: LocalStack's own binds every interface, whatever GATEWAY_LISTEN says
            "GATEWAY_SERVER": "loopback",
            "GATEWAY_LISTEN": f"127.0.0.1:{settings.localstack_port}",
            "LOCALSTACK_HOST": f"127.0.0.1:{settings.localstack_port}",
            # in a container that is not LocalStack's own it would take itself for its image, and ignore FILESYSTEM_ROOT
            "OVERRIDE_IN_DOCKER": "0",
            "PYTHONUNBUFFERED": "1",
            "SAGEMAKER_ENDPOINT_URL": settings.sagemaker_url,
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            # the name that LocalStack would put into a queue's URL needs a DNS server
            "SQS_ENDPOINT_STRATEGY": "path",
            # plux caches entry points by user; a plugin installed since would not be seen
            "XDG_CACHE_HOME": str(scratch / "cache"),
            # functions' code: not in /tmp, where it would outlive a server that is killed
            "TEMP": str(scratch),
        },
        port=settings.localstack_port,
        health_path="/_localstack/health",
        port_variable="SCONES_LOCALSTACK_PORT",
        on_restart="it keeps nothing, so buckets, functions and state machines are to be made again (make run does)",
        scratch=scratch,
        # that of another LocalStack, without our plugin, has no such service
        is_named_by=lambda said: isinstance(said, dict) and "sagemaker-runtime" in (said.get("services") or ()),
    )
