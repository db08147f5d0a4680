"""A cloud on our ports that something else started, such as `docker compose up`."""

import os
from dataclasses import replace

import pytest
from tests.waiting import until

from local_cloud.cloud import ServerState
from local_cloud.errors import PortInUseError
from local_cloud.ports import is_healthy
from local_cloud.processes import LABEL

from .conftest import Clouds, running, server


def test_an_external_cloud_is_used_and_never_ended(clouds: Clouds) -> None:
    one = server("one")
    with running(one.command) as external:
        until(lambda: is_healthy(one), f"{one.name} to be healthy")
        cloud = clouds(one)
        assert cloud.up() == ()
        assert cloud.is_up()
        assert [status.state for status in cloud.status()] == [ServerState.EXTERNAL]
        assert cloud.join() == ()
        assert cloud.leave() == cloud.down() == []
        assert external.poll() is None
    assert not cloud.is_up()


def test_another_program_on_the_port_is_refused(clouds: Clouds) -> None:
    one = replace(server("one"), recognizes=lambda body: body == {"service": "two"})
    with running(one.command):
        until(lambda: is_healthy(one), f"{one.name} to be healthy")
        with pytest.raises(PortInUseError, match=f"port {one.port}"):
            clouds(one).up()


def test_half_a_cloud_is_refused(clouds: Clouds) -> None:
    one, two = server("one"), server("two")
    with running(one.command):
        until(lambda: is_healthy(one), f"{one.name} to be healthy")
        with pytest.raises(PortInUseError, match=r"make compose-up"):
            clouds(one, two).up()


def test_the_local_cloud_of_another_folder_is_refused(clouds: Clouds) -> None:
    one = server("one")
    with running(one.command, {**os.environ, LABEL: "/another/.scones"}):
        until(lambda: is_healthy(one), f"{one.name} to be healthy")
        with pytest.raises(PortInUseError, match=r"the local cloud of /another/.scones: scones down there ends it"):
            clouds(one).up()
