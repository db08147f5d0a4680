"""One cloud for all integration tests. SCONES_TEST_CLOUD names it; the tests are the same on each.

- embedded (the default): a local cloud of the tests' own, beside any that the developer is running.
- local-mode: the same cloud, used under the profile of that name.
- without-linux: the same cloud, whose servers have nothing of what only Linux has, in place of a machine with macOS.
- compose: the cloud that `docker compose up` started on the ports of the settings.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
from tests.integration.lambda_functions import ROLE, Deploy, Function, archive

from local_cloud.aws_environment import client_environment, write_config
from local_cloud.cloud import LocalCloud
from local_cloud.external_cloud import external_cloud_answers
from local_cloud.ports import free_port
from local_cloud.processes import leftovers
from local_cloud.servers import Server, servers
from local_cloud.settings import LOCAL_MODE_PROFILE, LOCAL_PROFILE, Settings
from local_cloud.terminal.progress import Progress

PROFILES = {
    "embedded": LOCAL_PROFILE,
    "compose": LOCAL_PROFILE,
    "local-mode": LOCAL_MODE_PROFILE,
    "without-linux": LOCAL_PROFILE,
}
WITHOUT_LINUX = Path(__file__).with_name("without_linux")  # a folder with a start-up hook of Python
START_TIMEOUT_S = 600.0  # generous: the servers need 8 s on an idle machine
CLOUD = os.environ.get("SCONES_TEST_CLOUD") or "embedded"
FRAMEWORKS_ON_COMPOSE = ("test_scikit_learn", "test_xgboost_as_the_built_in_algorithm")
COLOR_MODEL = "000000000000.dkr.ecr.us-east-1.amazonaws.com/color-model:1"
COLOR_MODEL_PROGRAM = [sys.executable, str(Path(__file__).with_name("color_model.py"))]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests of framework images where others prove the same, or where an image would be built for each."""
    for item in items:
        if not item.path.name.startswith("test_frameworks_") or CLOUD in ("embedded", "without-linux"):
            continue
        if CLOUD != "compose" or item.name not in FRAMEWORKS_ON_COMPOSE:
            item.add_marker(pytest.mark.skip(reason="framework images are tested embedded, and two of them on Compose"))


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Start the cloud, or find it, and return its settings."""
    if CLOUD not in PROFILES:
        pytest.exit(f"SCONES_TEST_CLOUD is {CLOUD!r}: it must be one of {', '.join(PROFILES)}")
    state_dir = tmp_path_factory.mktemp("cloud")
    yield from compose_cloud(state_dir) if CLOUD == "compose" else own_cloud(state_dir)


def compose_cloud(state_dir: Path) -> Iterator[Settings]:
    settings = replace(Settings.from_environment(), state_dir=state_dir)
    if not external_cloud_answers(servers(settings)):
        pytest.exit(f"no cloud answers on {settings.localstack_url} and {settings.sagemaker_url}: make test-docker")
    write_config(settings)
    build_color_model()
    yield settings


def build_color_model() -> None:
    """Build the image with this machine's Docker engine, which Compose's emulator uses."""
    folder = Path(__file__).parent
    command = ["docker", "build", "--quiet", "--file", str(folder / "color_model.Dockerfile"), "--tag", COLOR_MODEL]
    subprocess.run([*command, str(folder)], check=True, capture_output=True)


def own_cloud(state_dir: Path) -> Iterator[Settings]:
    """Start a cloud, stop it after the tests, and check that no process is left."""
    settings = replace(settings_of_a_new_cloud(state_dir), profile=PROFILES[CLOUD])
    write_config(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SAGEMAKER_EMULATOR_OWN_IMAGES", json.dumps({COLOR_MODEL: COLOR_MODEL_PROGRAM}))
        local_cloud = LocalCloud(servers_of_tests(settings), settings.state_dir, Progress(), START_TIMEOUT_S)
        local_cloud.up()
    try:
        if CLOUD == "without-linux":
            assert "only Linux has namespaces" in (settings.state_dir / "logs" / "sagemaker.log").read_text()
        yield settings
    finally:
        for ended in local_cloud.down():
            sys.stderr.write(f"{ended}\n")
    assert [process.cmdline() for process in leftovers(settings.state_dir)] == []


def servers_of_tests(settings: Settings) -> list[Server]:
    hook = {"PYTHONPATH": str(WITHOUT_LINUX)} if CLOUD == "without-linux" else {}
    return [replace(server, environment={**server.environment, **hook}) for server in servers(settings)]


@pytest.fixture(scope="session")
def environment(cloud: Settings) -> dict[str, str]:
    """Return the environment of a program (the AWS CLI, `scones`) that uses the cloud through its AWS profile."""
    return client_environment(cloud, os.environ)


@pytest.fixture(scope="module", autouse=True)
def _aws_is_the_cloud(environment: dict[str, str]) -> Iterator[None]:
    """Make a bare `boto3.client("lambda")` in a test reach the cloud through its profile, too."""
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
    """Return a function that creates boto3 clients, which send everything to the cloud's single endpoint."""
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    # boto3 creates the session on the first call: a session from before the tests would not know their profile
    return lambda service: boto3.client(service, endpoint_url=cloud.localstack_url, **keys)


@pytest.fixture(scope="session", autouse=True)
def _roles_of_sagemaker(cloud: Settings) -> None:
    """Create the roles that tests pass to SageMaker, which refuses those that do not exist."""
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
    iam = boto3.Session(**keys).client("iam", endpoint_url=cloud.localstack_url)
    for name in ("sagemaker", "any"):
        with suppress(iam.exceptions.EntityAlreadyExistsException):  # a cloud in Compose may be used again
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))


def settings_of_a_new_cloud(state_dir: Path) -> Settings:
    return Settings(state_dir=state_dir, localstack_port=free_port(), sagemaker_port=free_port())


@pytest.fixture
def deploy() -> Iterator[Deploy]:
    """Return a function that creates Lambda functions, which are deleted after the test."""
    client = boto3.client("lambda")
    names: list[str] = []

    def deploy_function(code: str | Mapping[str, str], **settings: object) -> Function:
        name = f"executor-{uuid4().hex[:8]}"
        request = {"Runtime": "python3.11", "Handler": "app.lambda_handler", "Timeout": 30} | settings
        client.create_function(FunctionName=name, Role=ROLE, Code={"ZipFile": archive(code)}, **request)
        names.append(name)
        function = Function(client, name)
        function.wait("function_active_v2")
        return function

    yield deploy_function
    for name in names:
        client.delete_function(FunctionName=name)
