import socket

import pytest

from image_classification.failure import PlatformError
from image_classification.paths import ContainerPaths
from image_classification.training.distributed.hosts import Hosts, read_hosts

from ...conftest import Container


def configured(container: Container, *names: str, current: str = "algo-1") -> ContainerPaths:
    config = {"current_host": current, "hosts": list(names), "network_interface_name": "eth0"}
    container.write_config("resourceconfig", config)
    return ContainerPaths(container.base)


def test_a_job_without_resourceconfig_has_one_host(container: Container) -> None:
    assert read_hosts(ContainerPaths(container.base), {}).size == 1


def test_hosts_meet_at_the_first_host_by_name(container: Container) -> None:
    paths = configured(container, "algo-10", "algo-2", "algo-1", current="algo-2")
    hosts = read_hosts(paths, {})
    assert (hosts.names, hosts.rank, hosts.size) == (("algo-1", "algo-2", "algo-10"), 1, 3)
    assert (hosts.address, hosts.port, hosts.interface) == ("algo-1", 7777, "eth0")


def test_master_addr_and_master_port_override_the_meeting_place(container: Container) -> None:
    hosts = read_hosts(configured(container, "algo-1", "algo-2"), {"MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29500"})
    assert (hosts.address, hosts.port) == ("10.0.0.1", 29500)


def test_ranks_count_the_processes_of_all_hosts() -> None:
    names = ("algo-1", "algo-2")
    ranks = [Hosts(names, name, process=process, processes=2).rank for name in names for process in (0, 1)]
    assert ranks == [0, 1, 2, 3]
    assert Hosts(names, processes=2).name_of(3) == "algo-2, process 2 of 2"


def test_a_current_host_outside_the_hosts_is_a_platform_error(container: Container) -> None:
    with pytest.raises(PlatformError, match="current_host 'algo-3' is none of the hosts"):
        read_hosts(configured(container, "algo-1", "algo-2", current="algo-3"), {})


def test_a_port_that_is_not_a_number_is_a_platform_error(container: Container) -> None:
    with pytest.raises(PlatformError, match="MASTER_PORT is 'x'"):
        read_hosts(configured(container, "algo-1"), {"MASTER_PORT": "x"})


def test_only_the_first_of_several_hosts_listens_and_a_taken_port_is_a_platform_error() -> None:
    names = ("algo-1", "algo-2")
    assert Hosts().listen() is Hosts(names, "algo-2").listen() is None
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PlatformError, match=f"algo-1 cannot listen on 127.0.0.1:{port}"):
            Hosts(names, port=port).listen()
