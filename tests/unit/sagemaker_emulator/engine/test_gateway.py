"""The way from containers to the local cloud: whom it lets pass."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from sagemaker_emulator.engine.docker.gateway import Guard

GUARD = Guard(ip_network("172.18.0.0/16"), "172.18.0.1")


@pytest.mark.parametrize(
    ("address", "admitted"),
    [
        ("172.18.0.2", True),
        ("172.18.0.1", False),  # programs of the machine itself
        ("172.17.0.2", False),  # containers of other networks
        ("192.0.2.7", False),
    ],
)
def test_containers_of_the_network_alone_are_admitted(address: str, admitted: bool) -> None:
    assert GUARD.admits(address) is admitted
