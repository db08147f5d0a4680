"""One cloud for all integration tests, and the same tests for each: SCONES_TEST_CLOUD names it.

embedded (the default), and local-mode, the same under the profile of that name: a local cloud of the tests' own, beside
any that the developer has up. compose: what `docker compose up` has brought up on the ports of the settings.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_cloud.aws import client_environment, write_config
from local_cloud.cloud import LocalCloud
from local_cloud.elsewhere import answers_elsewhere
from local_cloud.ports import free_port
from local_cloud.processes import leftovers
from local_cloud.progress import Progress
from local_cloud.servers import servers
from local_cloud.settings import LOCAL_MODE_PROFILE, LOCAL_PROFILE, Settings

PROFILES = {"embedded": LOCAL_PROFILE, "compose": LOCAL_PROFILE, "local-mode": LOCAL_MODE_PROFILE}
CLOUD = os.environ.get("SCONES_TEST_CLOUD") or "embedded"
COLOUR_MODEL = "000000000000.dkr.ecr.us-east-1.amazonaws.com/colour-model:1"
COLOUR_MODEL_PROGRAM = [sys.executable, str(Path(__file__).with_name("colour_model.py"))]


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of the cloud, which is up."""
    if CLOUD not in PROFILES:
        pytest.exit(f"SCONES_TEST_CLOUD is {CLOUD!r}: it must be one of {', '.join(PROFILES)}")
    state_dir = tmp_path_factory.mktemp("cloud")
    yield from compose_cloud(state_dir) if CLOUD == "compose" else cloud_of_ours(state_dir)


def compose_cloud(state_dir: Path) -> Iterator[Settings]:
    settings = replace(Settings.from_environment(), state_dir=state_dir)
    if not answers_elsewhere(servers(settings)):
        pytest.exit(f"no cloud answers on {settings.localstack_url} and {settings.sagemaker_url}: make test-docker")
    write_config(settings)
    build_colour_model()
    yield settings


def build_colour_model() -> None:
    """Into the engine that Compose's emulator uses, which is this machine's."""
    folder = Path(__file__).parent
    command = ["docker", "build", "--quiet", "--file", str(folder / "colour_model.Dockerfile"), "--tag", COLOUR_MODEL]
    subprocess.run([*command, str(folder)], check=True, capture_output=True)


def cloud_of_ours(state_dir: Path) -> Iterator[Settings]:
    """When the tests have ended, nothing of it may run."""
    settings = replace(settings_of_another_cloud(state_dir), profile=PROFILES[CLOUD])
    write_config(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAGEMAKER_EMULATOR_OWN_IMAGES", json.dumps({COLOUR_MODEL: COLOUR_MODEL_PROGRAM}))
        local_cloud = LocalCloud(servers(settings), settings.state_dir, Progress())
        local_cloud.up()
    try:
        yield settings
    finally:
        for ended in local_cloud.down():
            sys.stderr.write(f"{ended}\n")
    assert [process.cmdline() for process in leftovers(settings.state_dir)] == []


@pytest.fixture(scope="session")
def environment(cloud: Settings) -> dict[str, str]:
    """The environment of a program (the aws cli, `scones`) that uses the cloud by its AWS profile."""
    return client_environment(cloud, os.environ)


@pytest.fixture(scope="module", autouse=True)
def _aws_is_the_cloud(environment: dict[str, str]) -> Iterator[None]:
    """What a test makes by itself, with a bare `boto3.client("lambda")`, reaches the cloud by its profile too."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        for name, value in environment.items():
            if name.startswith("AWS_"):
                patch.setenv(name, value)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        yield


@pytest.fixture(scope="session")
def client(cloud: Settings) -> Callable[[str], Any]:
    """Makes boto3 clients that send everything to the cloud's one endpoint."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    # in a session that is made when the test is: one of before does not know the profile that the tests are under
    return lambda service: boto3.client(service, endpoint_url=cloud.localstack_url, **keys)


def settings_of_another_cloud(state_dir: Path) -> Settings:
    return Settings(state_dir=state_dir, localstack_port=free_port(), sagemaker_port=free_port())
