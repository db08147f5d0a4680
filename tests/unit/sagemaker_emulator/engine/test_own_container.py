"""The emulator's own container: how it is found, and which of its addresses isolated containers reach."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import docker.errors
import pytest

from sagemaker_emulator.engine.docker.own_container import OwnContainer, own_container

ID = "4f" * 32
OTHER = "5e" * 32
MOUNTS = f"""\
800 790 0:53 / /proc rw,nosuid - proc proc rw
810 790 8:1 /docker/containers/{ID}/hostname /etc/hostname rw,relatime - ext4 /dev/sda1 rw
"""
ON_THE_MACHINE = f"120 30 0:60 / /var/lib/docker/containers/{OTHER}/mounts/shm rw - tmpfs shm rw\n"


@dataclass
class Containers:
    """Docker's containers, by id or name: the networks that each is in."""

    networks: dict[str, list[str]]

    @property
    def containers(self) -> Containers:
        return self

    def get(self, name: str) -> Any:
        if name not in self.networks:
            raise docker.errors.NotFound(name)
        return SimpleNamespace(id=name, attrs={"NetworkSettings": {"Networks": dict.fromkeys(self.networks[name])}})


@dataclass
class Network:
    """An isolated network. `refused` tells what was refused when the emulator's container joined it."""

    own: OwnContainer
    id: str = "n1"
    subnet: str = "172.19.0.0/16"
    members: dict[str, Any] = field(default_factory=dict)
    refused: list[bool] = field(default_factory=list)

    @property
    def attrs(self) -> dict[str, Any]:
        return {"IPAM": {"Config": [{"Subnet": self.subnet}]}, "Containers": self.members}

    def reload(self) -> None:
        pass

    def connect(self, container: str) -> None:
        assert container not in self.members
        self.refused.append(self.own.is_isolated("172.19.0.3"))
        self.members[container] = {}


@pytest.fixture
def mounts(tmp_path: Path) -> Path:
    return tmp_path / "mountinfo"


def test_it_is_found_by_the_folder_of_its_host_name_file(mounts: Path) -> None:
    mounts.write_text(MOUNTS)
    found = own_container(Containers({ID: ["cloud"], OTHER: ["cloud"]}), "cloud", mounts)
    assert found
    assert found.id == ID


def test_it_is_found_by_its_host_name(mounts: Path) -> None:
    name = socket.gethostname()
    found = own_container(Containers({name: ["cloud"]}), "cloud", mounts)
    assert found
    assert found.id == name


@pytest.mark.parametrize("text", [ON_THE_MACHINE, MOUNTS])
def test_another_container_is_not_taken_for_it(mounts: Path, text: str) -> None:
    mounts.write_text(text)
    assert own_container(Containers({ID: ["bridge"], OTHER: ["cloud"]}), "cloud", mounts) is None


def test_requests_are_refused_before_it_joins_and_until_the_network_is_removed() -> None:
    own = OwnContainer(ID)
    network = Network(own)
    assert not own.is_isolated("172.19.0.3")
    own.join(network)
    own.join(network)
    assert network.refused == [True]
    own.forget(network)
    assert not own.is_isolated("172.19.0.3")


@pytest.mark.parametrize(
    ("address", "isolated"),
    [
        ("172.19.0.3", True),
        ("::ffff:172.19.0.3", True),  # of a server that listens at ::
        ("fe80::1%eth0", False),
        ("172.18.0.3", False),
        ("127.0.0.1", False),
    ],
)
def test_only_addresses_in_isolated_networks_count(address: str, isolated: bool) -> None:
    own = OwnContainer(ID)
    own.join(Network(own))
    assert own.is_isolated(address) is isolated
