"""The choice of an instance for a request, also when instances refuse or break the connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from sagemaker_emulator.hosting.deployments import Deployment, NoHealthyInstance
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.hosting.serving_container import ServingContainer
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.invocation.container_http import Connections
from sagemaker_emulator.invocation.requests import Outgoing
from sagemaker_emulator.invocation.routing import ContainerFailed, Router
from sagemaker_emulator.invocation.rows import ContainerRows
from sagemaker_emulator.resources.container_definition import ContainerDefinition
from sagemaker_emulator.resources.model import Row
from sagemaker_emulator.wire import AwsError

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
TIMEOUT_S = 120.0


class Models:
    """No models: the doubles are not multi-model."""

    def close(self) -> None:
        pass


class ContainerAt(ServingContainer):
    """A healthy container with this address."""

    def __init__(self, name: str, port: int) -> None:
        nothing: Any = None
        super().__init__(ContainerDefinition(name, {}), nothing, nothing, nothing, 0.0, is_ready=True)
        self._address = f"http://127.0.0.1:{port}"

    @property
    def address(self) -> str:
        return self._address


class InstanceAt(Instance):
    """A healthy instance whose containers have these ports."""

    def __init__(self, *ports: int, row: Row = Row.SINGLE) -> None:
        names = ["primary"] if row is Row.SINGLE else [f"container-{number}" for number in range(1, len(ports) + 1)]
        super().__init__(tuple(ContainerAt(name, port) for name, port in zip(names, ports, strict=True)), row)


def refusing_port() -> int:
    """Return a port that nothing listens on."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@asynccontextmanager
async def container(answer: bytes) -> AsyncIterator[int]:
    """Serve `answer` to each request, and close the connection; the value is the port."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"body")
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def deployment(*instances: Instance) -> Deployment:
    launcher: Any = None
    return Deployment("endpoint", None, None, {"AllTraffic": Variant("AllTraffic", 1.0, launcher, list(instances))})


async def send(*instances: Instance, target_container: str | None = None) -> bytes:
    models: Any = Models()
    router, headers = Router(ContainerRows(Connections(), models)), {"Accept": "text/csv"}
    request = Outgoing(headers, b"body", TIMEOUT_S, target_container=target_container)
    try:
        async with router.exchange(deployment(*instances), request) as exchange:
            assert sum(instance.in_flight for instance in instances) == 1
            return await exchange.read()
    finally:
        router.close()


def test_a_request_goes_to_the_next_instance_when_one_refuses_the_connection() -> None:
    async def main() -> None:
        async with container(ANSWER) as port:
            refusing, healthy = InstanceAt(refusing_port()), InstanceAt(port)
            assert await send(refusing, healthy) == b"hi"
            assert (refusing.in_flight, healthy.in_flight) == (0, 0)

    asyncio.run(main())


def test_a_request_that_every_instance_refuses_finds_none_healthy() -> None:
    refusing = [InstanceAt(refusing_port()) for _ in range(2)]
    with pytest.raises(NoHealthyInstance):
        asyncio.run(send(*refusing))
    assert [instance.in_flight for instance in refusing] == [0, 0]


def test_a_request_that_an_instance_has_seen_is_not_sent_to_another() -> None:
    async def main() -> None:
        async with container(b"") as breaking_port, container(ANSWER) as port:
            breaking, healthy = InstanceAt(breaking_port), InstanceAt(port)
            with pytest.raises(ContainerFailed, match="The container broke the connection"):
                await send(breaking, healthy)
            assert (breaking.in_flight, healthy.in_flight) == (0, 0)

    asyncio.run(main())


def test_an_incomplete_answer_is_a_failure_of_the_container() -> None:
    async def main() -> None:
        async with container(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi") as port:
            instance = InstanceAt(port)
            with pytest.raises(ContainerFailed, match="The container broke the connection") as failure:
                await send(instance)
            assert not failure.value.timed_out
            assert instance.in_flight == 0

    asyncio.run(main())


def test_a_pipeline_whose_first_container_refuses_the_connection_leaves_the_request_to_the_next_instance() -> None:
    async def main() -> None:
        async with container(ANSWER) as port, container(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody") as first:
            refusing = InstanceAt(refusing_port(), port, row=Row.SERIAL)
            assert await send(refusing, InstanceAt(first, port, row=Row.SERIAL)) == b"hi"

    asyncio.run(main())


def test_a_pipeline_whose_second_container_refuses_the_connection_has_failed() -> None:
    async def main() -> None:
        async with container(ANSWER) as port:
            broken = InstanceAt(port, refusing_port(), row=Row.SERIAL)
            with pytest.raises(ContainerFailed, match="The container container-2 broke the connection") as failure:
                await send(broken, InstanceAt(port, port, row=Row.SERIAL))
            assert [visit.container for visit in failure.value.visits] == ["container-1", "container-2"]
            assert broken.in_flight == 0

    asyncio.run(main())


def test_a_direct_invocation_asks_only_the_named_container() -> None:
    async def main() -> None:
        async with container(ANSWER) as port:
            instance = InstanceAt(refusing_port(), port, row=Row.DIRECT)
            assert await send(instance, target_container="container-2") == b"hi"

    asyncio.run(main())


def test_an_instance_for_direct_invocation_needs_the_name_of_one_of_its_containers() -> None:
    direct = InstanceAt(1, 2, row=Row.DIRECT)
    with pytest.raises(AwsError, match="is missing a target container hostname header"):
        asyncio.run(send(direct))
    with pytest.raises(AwsError, match="Container other was not found for endpoint endpoint"):
        asyncio.run(send(direct, target_container="other"))
    with pytest.raises(AwsError, match="not configured for direct invocation"):
        asyncio.run(send(InstanceAt(1, 2, row=Row.SERIAL), target_container="container-1"))
