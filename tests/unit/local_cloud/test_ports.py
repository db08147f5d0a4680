"""The process that listens on a port, on systems that show all connections and on those that do not."""

import os
import socket
from collections.abc import Iterator
from typing import NoReturn

import psutil
import pytest

from local_cloud.ports import listener_of, lookup_command


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def only_for_root(kind: str) -> NoReturn:
    raise psutil.AccessDenied


def test_the_listener_is_found_among_all_connections(port: int) -> None:
    listener = listener_of(port)
    assert listener is not None
    assert listener.pid == os.getpid()


def test_where_only_root_sees_all_connections_the_own_processes_are_asked(port: int) -> None:
    listener = listener_of(port, only_for_root)
    assert listener is not None
    assert listener.pid == os.getpid()


def test_a_port_without_a_listener_has_no_process(port: int) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        assert listener_of(bound.getsockname()[1], only_for_root) is None


@pytest.mark.parametrize(("system", "command"), [("linux", "ss -ltnp"), ("darwin", "lsof -nP")])
def test_the_command_that_shows_a_listener_is_the_systems_own(system: str, command: str) -> None:
    assert lookup_command(4566, system).startswith(command)
    assert ":4566" in lookup_command(4566, system)
