"""One local cloud for all integration tests, beside any that the developer has up: own folder, own ports."""

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_cloud.aws import client_environment, write_config
from local_cloud.cloud import LocalCloud
from local_cloud.ports import free_port
from local_cloud.processes import leftovers
from local_cloud.progress import Progress
from local_cloud.servers import servers
from local_cloud.settings import Settings


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of a local cloud that is up; when the tests have ended, nothing of it may run."""
    settings = settings_of_another_cloud(tmp_path_factory.mktemp("cloud"))
    write_config(settings)
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
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")
    return lambda service: session.client(service, endpoint_url=cloud.localstack_url)


def settings_of_another_cloud(state_dir: Path) -> Settings:
    return Settings(state_dir=state_dir, localstack_port=free_port(), sagemaker_port=free_port())
