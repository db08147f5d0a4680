"""Containers in Docker have no privileges, see the local cloud and nothing else, and are isolated when asked."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

ROLE = "arn:aws:iam::111122223333:role/sagemaker"

LIMITS = """
import os, pathlib
status = dict(line.split(":", 1) for line in pathlib.Path("/proc/self/status").read_text().splitlines())
print(status["CapBnd"].strip(), status["CapEff"].strip(), status["NoNewPrivs"].strip(), flush=True)
"""
SEEN = """
import json, os, urllib.request, urllib.error
try:
    status = urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], timeout=10).status
except urllib.error.HTTPError as error:
    status = error.code
names = [name for name in os.environ if name.startswith("AWS_")]
print(json.dumps({"status": status, "names": sorted(names), "region": os.environ["AWS_REGION"]}), flush=True)
"""
REACH = """
import socket, sys
print(sorted(name for _, name in socket.if_nameindex()), flush=True)
for host, port in %s:
    try:
        socket.create_connection((host, port), 3)
        print(host, "reached", flush=True)
    except OSError:
        print(host, "refused", flush=True)
"""


def one_line(program: str) -> str:
    """Return the program in a form that fits a hyperparameter."""
    return f"exec(bytes.fromhex('{program.encode().hex()}').decode())"


def completed(emulator: Any, name: str) -> list[str]:
    assert emulator.ended(name)["TrainingJobStatus"] == "Completed", emulator.log(name)
    lines: list[str] = emulator.log(name)
    return lines


def test_a_container_has_no_capabilities_and_a_limit_of_processes(
    emulator: Any, engine: Any, until: Callable[..., Any]
) -> None:
    emulator.create("limits", {"program": one_line(LIMITS), "ticks": "600"})
    until(lambda: "tick=1" in emulator.log("limits"), "the job to tick")
    container = next(one for one in engine.containers.list() if one.name.startswith("limits-"))
    assert container.attrs["HostConfig"]["PidsLimit"] == 4096
    emulator.sagemaker.stop_training_job(TrainingJobName="limits")
    emulator.ended("limits")
    assert emulator.log("limits")[1] == "0" * 16 + " " + "0" * 16 + " 1"


def test_a_container_reaches_the_local_cloud_with_keys_of_its_role(emulator: Any) -> None:
    emulator.create("seen", {"program": one_line(SEEN)})
    seen = json.loads(completed(emulator, "seen")[1])
    assert seen["status"] < 500
    assert seen["region"] == "us-east-1"
    assert seen["names"] == [
        "AWS_ACCESS_KEY_ID",
        "AWS_DEFAULT_REGION",
        "AWS_EC2_METADATA_DISABLED",
        "AWS_ENDPOINT_URL",
        "AWS_REGION",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
    ]


def test_the_way_to_the_local_cloud_is_for_containers_alone(emulator: Any, engine: Any) -> None:
    """Otherwise it would pass the guard that admits only this user's programs."""
    emulator.create("opens", {"program": one_line(SEEN)})
    completed(emulator, "opens")
    port = int(emulator.s3.meta.endpoint_url.rpartition(":")[2])
    gateways = [
        network.attrs["IPAM"]["Config"][0]["Gateway"]
        for network in engine.networks.list(filters={"label": "scones.sagemaker-emulator"})
        if not network.attrs["Internal"]
    ]
    assert gateways
    for gateway in gateways:
        try:
            with socket.create_connection((gateway, port), 5) as client:
                client.sendall(b"GET / HTTP/1.0\r\n\r\n")
                assert client.recv(1) == b""
        except ConnectionError:
            continue


def test_an_isolated_container_has_no_network(emulator: Any) -> None:
    port = int(emulator.s3.meta.endpoint_url.rpartition(":")[2])
    places = [("127.0.0.1", port), ("172.17.0.1", port), ("localhost.localstack.cloud", port)]
    emulator.create("isolated", {"program": one_line(REACH % places)}, EnableNetworkIsolation=True)
    first, *rest = completed(emulator, "isolated")[1:-1]
    assert first == "['lo']"
    assert all(line.endswith("refused") for line in rest)


def test_isolated_hosts_meet_and_their_network_is_removed(
    emulator: Any, engine: Any, until: Callable[..., Any]
) -> None:
    emulator.create(
        "peers",
        {"meet": "yes", "program": one_line(REACH % [("192.0.2.1", 80)])},
        ResourceConfig={"InstanceCount": 2},
        EnableNetworkIsolation=True,
    )
    lines = completed(emulator, "peers")
    assert "algo-1 heard algo-2" in lines
    assert "192.0.2.1 refused" in lines
    until(lambda: not any(one.attrs["Internal"] for one in engine.networks.list()), "the network to be removed")


def test_an_isolated_endpoint_answers(emulator: Any) -> None:
    emulator.create("for-isolation", {"model": "v1"})
    completed(emulator, "for-isolation")
    container = {"Image": emulator.image, "ModelDataUrl": "s3://docker-engine/models/for-isolation/output/model.tar.gz"}
    client, name = emulator.sagemaker, "isolated"
    client.create_model(ModelName=name, PrimaryContainer=container, ExecutionRoleArn=ROLE, EnableNetworkIsolation=True)
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    assert emulator.settled(name)["EndpointStatus"] == "InService"
    assert emulator.invoke(name) == {"model": "v1", "got": "hello"}
    client.delete_endpoint(EndpointName=name)


def test_an_emulator_that_cannot_join_networks_refuses_isolated_models(
    restartable: Callable[[], Any], image: str
) -> None:
    """The emulator of this test has a network, as in Compose, but is not in a container of it."""
    with restartable() as emulator, pytest.raises(ClientError, match=r"EnableNetworkIsolation.*own container"):
        emulator.sagemaker.create_model(
            ModelName="m", PrimaryContainer={"Image": image}, ExecutionRoleArn=ROLE, EnableNetworkIsolation=True
        )
