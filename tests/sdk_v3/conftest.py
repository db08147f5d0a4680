"""An emulator and an S3 that run in the kit's environment. The tests run in another one, which has the SDK v3."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
KIT = HERE.parents[1] / ".venv/bin"
IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/contract:1"
START_S = 60


@pytest.fixture(scope="session", autouse=True)
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Start both servers; environment variables for AWS's address are the SDK's only configuration."""
    folder = tmp_path_factory.mktemp("emulator")
    s3_port, port = free_port(), free_port()
    moto = [str(KIT / "moto_server"), "-H", "127.0.0.1", "-p", str(s3_port)]
    emulator = [str(KIT / "python"), "-m", "sagemaker_emulator"]
    with pytest.MonkeyPatch.context() as environment:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            environment.delenv(name)
        environment.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{s3_port}")
        environment.setenv("AWS_ACCESS_KEY_ID", "test")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "test")
        environment.setenv("AWS_DEFAULT_REGION", "us-east-1")
        with (
            running(moto, folder, os.environ, f"http://127.0.0.1:{s3_port}/moto-api/"),
            running(emulator, folder, emulator_environment(folder, port), f"http://127.0.0.1:{port}/health"),
        ):
            environment.setenv("AWS_ENDPOINT_URL_SAGEMAKER", f"http://127.0.0.1:{port}")
            environment.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"http://127.0.0.1:{port}")
            environment.setenv("SAGEMAKER_USER_CONFIG_OVERRIDE", str(HERE / "config.yaml"))
            environment.setenv("SAGEMAKER_VALIDATE_ROLE", "false")  # moto cannot answer the SDK's request to IAM
            yield


@pytest.fixture(scope="session")
def unvalidated_settings() -> Iterator[None]:
    """Skip the SDK's validation of its own settings, which runs dozens of times, each for a third of a second."""
    from sagemaker.core.config.config_manager import SageMakerConfig  # where it is missing, the tests are skipped

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SageMakerConfig, "validate_sagemaker_config", lambda *_: None)
        yield


def emulator_environment(folder: Path, port: int) -> dict[str, str]:
    program = [str(KIT / "python"), str(HERE.parent / "contract/container.py")]
    return {
        **os.environ,
        "SAGEMAKER_EMULATOR_PORT": str(port),
        "SAGEMAKER_EMULATOR_STATE_DIR": str(folder / "state"),
        "SAGEMAKER_EMULATOR_OWN_IMAGES": json.dumps({IMAGE: program}),
    }


@contextmanager
def running(command: list[str], folder: Path, environment: Mapping[str, str], url: str) -> Iterator[None]:
    """Start a server, wait until it answers at `url`, and stop it at the end of the block."""
    log = folder / f"{Path(command[-1]).name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
    try:
        wait_for(url, process, log)
        yield
    finally:
        process.terminate()
        process.wait(START_S)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_S
    while not answers(url):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{process.args!r} did not answer at {url} (exit code {process.poll()}):\n{log.read_text()}")
        time.sleep(0.1)  # poll


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
