"""`docker compose up`: it listens only on loopback, survives restarts and kills, and `down` leaves nothing."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psutil
import pytest

from sagemaker_emulator.engine.docker.labels import LABEL
from scones.load.measurements import Record

ROOT = Path(__file__).parents[2]
PROJECT = "scones-tests-compose"
BUCKET = "docker-engine"
OF_PROJECT = {"label": f"com.docker.compose.project={PROJECT}"}
ROLE = "arn:aws:iam::111122223333:role/sagemaker"

REACHED = """
import json, socket, sys, urllib.error, urllib.request
reached = {}
for place in sys.argv[1:]:
    try:
        host, _, port = place.rpartition(":")
        socket.create_connection((host, int(port)), 2).close()
        reached[place] = None
        request = urllib.request.Request(f"http://{place}/health", headers={"Host": "localhost"})
        reached[place] = urllib.request.urlopen(request, timeout=2).status
    except urllib.error.HTTPError as error:
        reached[place] = error.code
    except OSError:
        pass
print(json.dumps(reached))
"""
KILL_ALL = (
    "import os, signal; own = ('1', str(os.getpid())); "
    "[os.kill(int(pid), signal.SIGKILL) for pid in os.listdir('/proc') if pid.isdigit() and pid not in own]"
)


@dataclass(frozen=True)
class Compose:
    localstack_port: int
    sagemaker_port: int
    engine: Any

    def __call__(self, *arguments: str) -> str:
        ports = {"SCONES_LOCALSTACK_PORT": self.localstack_port, "SCONES_SAGEMAKER_PORT": self.sagemaker_port}
        process = subprocess.run(
            ["docker", "compose", "--project-name", PROJECT, *arguments],
            cwd=ROOT,
            env={**os.environ, "COMPOSE_PROJECT_NAME": PROJECT, **{name: str(port) for name, port in ports.items()}},
            capture_output=True,
            text=True,
        )
        assert process.returncode == 0, f"docker compose {' '.join(arguments)}:\n{process.stdout}{process.stderr}"
        return process.stdout

    def containers(self, filters: dict[str, str]) -> list[Any]:
        containers: list[Any] = self.engine.containers.list(all=True, filters=filters, ignore_removed=True)
        return containers

    def service(self, name: str) -> Any:
        (container,) = self.engine.containers.list(filters={**OF_PROJECT, "name": f"-{name}-1"})
        return container

    @property
    def sagemaker(self) -> Any:
        return self.service("sagemaker")

    @property
    def instance(self) -> str:
        """The emulator's id, with which it labels everything that it starts."""
        output: bytes = self.sagemaker.exec_run(["cat", "/var/lib/sagemaker/instance"]).output
        return output.decode().strip()

    def isolated_networks(self) -> list[Any]:
        networks = self.engine.networks.list(filters={"label": f"{LABEL}={self.instance}"})
        return [network for network in networks if network.attrs["Internal"]]

    @property
    def volumes(self) -> list[str]:
        return [volume.name for volume in self.engine.volumes.list(filters=OF_PROJECT)]


@pytest.fixture(scope="module")
def compose(engine: Any) -> Iterator[Compose]:
    """Start the cloud, and remove it with its volumes at the end. `make images` must have built the images."""
    compose = Compose(*_free_ports(), engine)
    compose("up", "--detach", "--wait", "--no-build")
    yield compose
    compose("down", "--volumes", "--remove-orphans")


def _free_ports() -> tuple[int, int]:
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    first, second = (listener.getsockname()[1] for listener in listeners)
    for listener in listeners:
        listener.close()
    return first, second


@pytest.fixture(scope="module")
def emulator(compose: Compose, image: str, new_emulator: Callable[..., Any]) -> Any:
    emulator = new_emulator(
        f"http://127.0.0.1:{compose.sagemaker_port}", image, f"http://127.0.0.1:{compose.localstack_port}"
    )
    emulator.s3.create_bucket(Bucket=BUCKET)
    return emulator


def test_the_file_is_valid_and_every_service_is_healthy(compose: Compose) -> None:
    compose("config", "--quiet")
    listed = [json.loads(line) for line in compose("ps", "--format", "json").splitlines()]
    assert {one["Service"]: one["Health"] for one in listed} == dict.fromkeys(
        ("localstack", "sagemaker", "sagemaker-sweeper"), "healthy"
    )


def test_nothing_listens_beyond_loopback(compose: Compose) -> None:
    ports = {compose.localstack_port, compose.sagemaker_port}
    listening = [one.laddr for one in psutil.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
    own = [address for address in listening if address.port in ports]
    assert {address.port for address in own} == ports
    assert [address for address in own if not ip_address(address.ip).is_loopback] == []
    published = [binding for one in compose.containers(OF_PROJECT) for binding in one.ports.values() if binding]
    assert {one["HostIp"] for binding in published for one in binding} == {"127.0.0.1"}


def test_a_training_job_completes_across_docker_restart_of_the_emulator(
    compose: Compose, emulator: Any, until: Callable[..., Any]
) -> None:
    emulator.create("restarted", {"ticks": "150", "model": "whole"})
    until(lambda: emulator.log("restarted")[5:], "the job to tick")
    compose.sagemaker.restart()
    compose("up", "--detach", "--wait", "--no-build")
    assert emulator.job("restarted")["TrainingJobStatus"] == "InProgress", "the restart ended the job"
    assert emulator.ended("restarted")["TrainingJobStatus"] == "Completed"
    assert [one for one in emulator.log("restarted") if "tick" in one] == [f"tick={number}" for number in range(150)]
    assert emulator.unpacked("restarted") == {"model.txt": b"whole"}


def test_docker_kill_of_a_serving_container_loses_no_request_from_the_metrics(
    emulator: Any, killed_under_load: Callable[..., Record]
) -> None:
    emulator.create("model")
    assert emulator.ended("model")["TrainingJobStatus"] == "Completed"
    emulator.endpoint("killed", "model", PROBABILITIES="[0.75, 0.25]")
    killed_under_load(emulator, "killed")


@pytest.fixture(scope="module")
def isolated(emulator: Any, image: str) -> str:
    """Create an isolated model and return its name, which is that of its endpoint configuration, too."""
    emulator.create("for-isolation", {"model": "v1"})
    assert emulator.ended("for-isolation")["TrainingJobStatus"] == "Completed"
    client, name = emulator.sagemaker, "isolated"
    container = {"Image": image, "ModelDataUrl": f"s3://{BUCKET}/models/for-isolation/output/model.tar.gz"}
    client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE, EnableNetworkIsolation=True)
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    return name


def test_an_isolated_endpoint_answers_and_reaches_nothing(
    compose: Compose, emulator: Any, isolated: str, containers_of: Callable[[str], list[Any]]
) -> None:
    emulator.sagemaker.create_endpoint(EndpointName="isolated", EndpointConfigName=isolated)
    assert emulator.settled("isolated")["EndpointStatus"] == "InService"
    assert emulator.invoke("isolated") == {"model": "v1", "got": "hello"}
    (serving,), (network,) = containers_of("isolated"), compose.isolated_networks()
    entrance = f"{addresses(compose.sagemaker)[network.name]}:4570"
    listener = socket.create_server(("0.0.0.0", 0))  # noqa: S104 - a service of the machine, at all of its addresses
    places = [
        entrance,
        *(f"{address}:4570" for address in addresses(compose.sagemaker).values()),
        *(f"{address}:{compose.localstack_port}" for address in addresses(compose.service("localstack")).values()),
        *(f"{gateway}:{port}" for gateway in gateways(compose) for port in (listener.getsockname()[1], 4570)),
        *(f"{name}:{compose.localstack_port}" for name in ("localstack", "localhost.localstack.cloud")),
        "1.1.1.1:53",
    ]
    assert addresses(serving).keys() == {network.name}
    with listener:
        output = serving.exec_run(["python3", "-c", REACHED, *places]).output
    assert json.loads(output) == {entrance: 403}, "only a refusal of the emulator may be reached"


def test_a_batch_transform_of_an_isolated_model_completes(
    compose: Compose, emulator: Any, isolated: str, until: Callable[..., Any]
) -> None:
    networks = {network.id for network in compose.isolated_networks()}
    emulator.s3.put_object(Bucket=BUCKET, Key="transform/one.txt", Body=b"hello")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/transform/"}}
    emulator.sagemaker.create_transform_job(
        TransformJobName="isolated",
        ModelName=isolated,
        TransformInput={"DataSource": source},
        TransformOutput={"S3OutputPath": f"s3://{BUCKET}/transformed"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )

    def ended() -> dict[str, Any] | None:
        job: dict[str, Any] = emulator.sagemaker.describe_transform_job(TransformJobName="isolated")
        return job if job["TransformJobStatus"] in ("Completed", "Failed") else None

    job = until(ended, "the transform job to end")
    assert job["TransformJobStatus"] == "Completed", job
    body = emulator.s3.get_object(Bucket=BUCKET, Key="transformed/one.txt.out")["Body"].read()
    assert json.loads(body) == {"model": "v1", "got": "hello"}
    until(lambda: {one.id for one in compose.isolated_networks()} == networks, "the job's network to be removed")


def test_isolated_networks_do_not_outlive_a_killed_emulator(
    compose: Compose, emulator: Any, until: Callable[..., Any]
) -> None:
    (before,) = compose.isolated_networks()
    restarted, count = compose.sagemaker, restarts(compose.sagemaker)
    restarted.exec_run(["python", "-c", KILL_ALL])
    until(lambda: restarts(restarted) > count, "Docker to start the emulator again")
    after = served_again(compose, emulator)
    assert after != before.id
    compose("kill", "sagemaker")
    compose("stop")  # the sweeper disconnects the stopped emulator, which could not start without the network
    assert [one for one in compose.engine.networks.list() if one.id == after] == []
    assert served_again(compose, emulator) != after


def served_again(compose: Compose, emulator: Any) -> str:
    """Wait for the isolated endpoint to answer, and return the id of the only isolated network."""
    compose("up", "--detach", "--wait", "--no-build", "--no-recreate")
    assert emulator.settled("isolated")["EndpointStatus"] == "InService"
    assert emulator.invoke("isolated") == {"model": "v1", "got": "hello"}
    (network,) = compose.isolated_networks()
    assert network.name in addresses(compose.sagemaker)
    network_id: str = network.id
    return network_id


def addresses(container: Any) -> dict[str, str]:
    """Return a container's addresses, by the names of the networks that it is in."""
    container.reload()
    return {name: one["IPAddress"] for name, one in container.attrs["NetworkSettings"]["Networks"].items()}


def gateways(compose: Compose) -> list[str]:
    """Return the machine's addresses in Docker's networks, and those that isolated networks would have for it."""
    configs = [config for one in compose.engine.networks.list() for config in one.attrs["IPAM"]["Config"] or ()]
    return [config["Gateway"] for config in configs if "Gateway" in config]


def test_down_leaves_only_the_volumes_and_with_volumes_removes_them(
    compose: Compose, emulator: Any, until: Callable[..., Any]
) -> None:
    emulator.create("running", {"ticks": "600"})
    until(lambda: emulator.log("running"), "the job to tick")
    emulator.s3.put_object(Bucket=BUCKET, Key="kept", Body=b"over a restart")
    started = {"label": f"{LABEL}={compose.instance}"}
    assert len(compose.containers(started)) == 3, "expected the job, the restarted and the isolated endpoint"
    compose("down")
    assert compose.containers(started) == []
    assert compose.containers(OF_PROJECT) == []
    assert compose.engine.networks.list(filters=OF_PROJECT) == compose.engine.networks.list(filters=started) == []
    assert sorted(compose.volumes) == [f"{PROJECT}_localstack", f"{PROJECT}_sagemaker"]
    for port in (compose.localstack_port, compose.sagemaker_port):
        with socket.socket() as caller:
            assert caller.connect_ex(("127.0.0.1", port)), f"something still listens on port {port}"
    compose("up", "--detach", "--wait", "--no-build")
    assert emulator.s3.get_object(Bucket=BUCKET, Key="kept")["Body"].read() == b"over a restart"
    compose("down", "--volumes")
    assert compose.volumes == []


def test_a_killed_server_is_started_again(compose: Compose, until: Callable[..., Any]) -> None:
    compose("up", "--detach", "--wait", "--no-build")
    killed = {name: compose.service(name) for name in ("sagemaker", "localstack")}
    for container in killed.values():
        container.exec_run(["python", "-c", KILL_ALL])
    until(lambda: all(restarts(one) == 1 for one in killed.values()), "Docker to start both servers again")
    compose("up", "--detach", "--wait", "--no-build", "--no-recreate")
    assert {name: compose.service(name).id for name in killed} == {name: one.id for name, one in killed.items()}


def restarts(container: Any) -> int:
    container.reload()
    count: int = container.attrs["RestartCount"]
    return count
