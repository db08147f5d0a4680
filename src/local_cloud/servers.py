"""The two servers of the local cloud: their commands, environments and ports."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_cloud.aws_environment import CREDENTIALS, shell_folder, without_aws
from local_cloud.settings import Settings

# Shells in containers often have it. The servers' environments are the kit's own: without bytecode, every start would
# compile thousands of modules, which takes longer than all the rest.
NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


def _recognizes_nothing(_: Any) -> bool:
    return False


@dataclass(frozen=True)
class Server:
    """One server: how to start it, and how to recognize one that others have started."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int
    health_path: str
    port_variable: str
    """The variable that chooses another port."""
    on_restart: str = "its state is kept"
    """The message about its state when it died and is restarted."""
    scratch: Path | None = None
    """A folder that is emptied before each start, since the server does not read what an earlier run left in it."""
    recognizes: Callable[[Any], bool] = _recognizes_nothing
    """Whether the JSON body of a health path is one of this server's, however the server was started."""


def servers(settings: Settings, environment: Mapping[str, str] = os.environ) -> tuple[Server, ...]:
    """Return the servers in the order in which they are started."""
    return sagemaker(settings, environment), localstack(settings, environment)


def sagemaker(settings: Settings, environment: Mapping[str, str]) -> Server:
    return Server(
        name="sagemaker",
        # -P: Python must not import from the folder in which the command is started
        command=(sys.executable, "-P", "-m", "sagemaker_emulator"),
        environment={
            **without_aws(environment, also=(NO_BYTECODE,)),
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": settings.localstack_url,
            "SAGEMAKER_EMULATOR_HOST": "127.0.0.1",
            "SAGEMAKER_EMULATOR_PORT": str(settings.sagemaker_port),
            "SAGEMAKER_EMULATOR_STATE_DIR": str(settings.state_dir / "sagemaker"),
            "SCONES_SHELL_FOLDER": str(shell_folder(settings)),
            "PYTHONUNBUFFERED": "1",
        },
        port=settings.sagemaker_port,
        health_path="/health",
        port_variable="SCONES_SAGEMAKER_PORT",
        on_restart="its jobs and endpoints are kept",
        recognizes=lambda body: isinstance(body, dict) and body.get("service") == "sagemaker",
    )


def localstack(settings: Settings, environment: Mapping[str, str]) -> Server:
    python = settings.root / ".venv-localstack" / "bin" / "python"
    scratch = settings.state_dir / "localstack"
    inherited = without_aws(environment, also=(NO_BYTECODE, "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "TMPDIR"))
    return Server(
        name="localstack",
        # -P: Python must not import from the folder in which the command is started
        command=(str(python), "-P", "-m", "localstack.runtime.main"),
        environment={
            "LAMBDA_RUNTIME_EXECUTOR": "process",
            **inherited,
            **CREDENTIALS,
            "CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES": "0",
            "DISABLE_EVENTS": "1",
            # no DNS server: it would take port 53
            "DNS_ADDRESS": "0",
            "FILESYSTEM_ROOT": str(scratch),
            # our plugin's server: LocalStack's own binds every interface, whatever GATEWAY_LISTEN says
            "GATEWAY_SERVER": "loopback",
            "GATEWAY_LISTEN": f"127.0.0.1:{settings.localstack_port}",
            "LOCALSTACK_HOST": f"127.0.0.1:{settings.localstack_port}",
            # in any container, LocalStack assumes that it runs in its own image, and ignores FILESYSTEM_ROOT
            "OVERRIDE_IN_DOCKER": "0",
            "PYTHONUNBUFFERED": "1",
            "SAGEMAKER_ENDPOINT_URL": settings.sagemaker_url,
            "SCONES_PERSISTENCE_DIR": str(settings.state_dir / "localstack-state"),
            "SCONES_SHELL_FOLDER": str(shell_folder(settings)),
            "SCONES_LAMBDA_PACKAGES": str(_packages(settings.root / ".venv-lambda")),
            "SKIP_SSL_CERT_DOWNLOAD": "1",
            # the host names that LocalStack puts into queue URLs by default need a DNS server
            "SQS_ENDPOINT_STRATEGY": "path",
            # plux caches entry points per user, and would not see a plugin that was installed since
            "XDG_CACHE_HOME": str(scratch / "cache"),
            # the folder of functions' code: in /tmp it would outlive a server that is killed
            "TEMP": str(scratch),
        },
        port=settings.localstack_port,
        health_path="/_localstack/health",
        port_variable="SCONES_LOCALSTACK_PORT",
        on_restart="its state is kept, up to the last seconds",
        scratch=scratch,
        # a LocalStack without our plugin has no such service
        recognizes=lambda body: isinstance(body, dict) and "sagemaker-runtime" in (body.get("services") or ()),
    )


def _packages(environment: Path) -> Path:
    """Return the packages of a virtual environment that was made with this Python."""
    return environment / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
