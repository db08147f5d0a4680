"""The local cloud: what it listens on, where it keeps state, and how it recovers from a killed server."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import pytest

from local_cloud.cloud import LocalCloud, ServerState
from local_cloud.processes import carries_label, leftovers
from local_cloud.servers import servers
from local_cloud.settings import Settings
from local_cloud.terminal.progress import Progress

from .conftest import CLOUD, START_TIMEOUT_S, settings_of_a_new_cloud

AWS = str(Path(sys.executable).with_name("aws"))


@pytest.fixture(scope="module")
def doomed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Return a separate cloud that tests may break."""
    if CLOUD == "compose":
        pytest.skip("in Compose Docker watches the servers' processes")
    settings = settings_of_a_new_cloud(tmp_path_factory.mktemp("doomed"))
    cloud = LocalCloud(servers(settings), settings.state_dir, Progress(), START_TIMEOUT_S)
    yield cloud
    cloud.down()
    assert leftovers(settings.state_dir) == []


def test_every_listener_is_on_loopback(cloud: Settings) -> None:
    ports = {cloud.localstack_port, cloud.sagemaker_port}
    listeners = [
        connection.laddr
        for connection in psutil.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
        and (connection.laddr.port in ports or belongs_to(connection.pid, cloud.state_dir))
    ]
    assert {cloud.localstack_port, cloud.sagemaker_port} <= {address.port for address in listeners}
    assert [address for address in listeners if not ip_address(address.ip).is_loopback] == []


def belongs_to(pid: int | None, state_dir: Path) -> bool:
    return pid is not None and psutil.pid_exists(pid) and carries_label(psutil.Process(pid), state_dir)


def test_one_endpoint_serves_sagemaker_and_the_other_services(client: Callable[[str], Any]) -> None:
    assert client("sts").get_caller_identity()["Account"] == "000000000000"
    assert isinstance(client("stepfunctions").list_state_machines()["stateMachines"], list)  # other tests leave some
    assert "TrainingJobSummaries" in client("sagemaker").list_training_jobs()


def test_the_aws_cli_reaches_the_cloud_through_the_profile(environment: dict[str, str]) -> None:
    printed = subprocess.check_output([AWS, "sagemaker", "list-endpoints"], env=environment, text=True)
    assert "Endpoints" in json.loads(printed)


def test_objects_are_stored_in_the_clouds_own_folder(client: Callable[[str], Any], cloud: Settings) -> None:
    """LocalStack uses a fixed folder in /tmp, which would mix the objects of users and of clouds."""
    if CLOUD == "compose":
        pytest.skip("in Compose the folder is inside the container")
    client("s3").create_bucket(Bucket=(name := f"own-folder-{uuid4().hex[:8]}"))
    client("s3").put_object(Bucket=name, Key="large", Body=(body := name.encode() * (1 << 18)))
    assert holds(cloud.state_dir / "localstack-state/current/objects", body)
    assert not Path("/tmp/localstack-s3-storage", name).exists()  # noqa: S108 - LocalStack's default
    client("s3").delete_object(Bucket=name, Key="large")
    client("s3").delete_bucket(Bucket=name)


def holds(folder: Path, content: bytes) -> bool:
    """Return whether a file has this content; other files may vanish meanwhile, with other tests' objects."""
    for parent, _, names in os.walk(folder):
        for path in (Path(parent, name) for name in names):
            with suppress(FileNotFoundError):
                if path.stat().st_size == len(content) and path.read_bytes() == content:
                    return True
    return False


def test_localstack_makes_no_certificate(cloud: Settings) -> None:
    """Its way of signing one fails with the pyOpenSSL of the lock file, and the gateway speaks plain HTTP."""
    if CLOUD == "compose":
        pytest.skip("in Compose the folder is inside the container")
    assert [path for path in (cloud.state_dir / "localstack").rglob("*.pem*") if path.is_file()] == []


def test_a_queues_url_needs_no_name_resolution(client: Callable[[str], Any], cloud: Settings) -> None:
    url = client("sqs").create_queue(QueueName="local-cloud-test")["QueueUrl"]
    assert url.startswith(cloud.localstack_url)
    client("sqs").delete_queue(QueueUrl=url)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["localstack", "sagemaker"])
def test_up_restarts_a_server_that_was_killed(doomed: LocalCloud, name: str) -> None:
    doomed.up()
    process = psutil.Process(next(status.pid for status in doomed.status() if status.name == name))
    process.kill()
    psutil.wait_procs([process], timeout=START_TIMEOUT_S)
    assert [status.state for status in doomed.status() if status.name == name] == [ServerState.DEAD]
    assert doomed.up() == (name,)
    assert [status.state for status in doomed.status()] == [ServerState.RUNNING, ServerState.RUNNING]
