"""POST /invocations to the least busy instance of a deployment, over connections that are kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sagemaker_emulator.hosting.deployments import Deployment, Variant
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.invocation.container_http import Body, CannotConnect, Connection, Connections
from sagemaker_emulator.invocation.requests import CUSTOM_ATTRIBUTES, DEFAULT_CONTENT_TYPE

TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)


class ContainerFailed(Exception):
    """A container gave no answer, or only part of one. `variant` is its variant; the text is for the caller."""

    def __init__(self, variant: Variant, error: Exception) -> None:
        self.timed_out = isinstance(error, TimeoutError)
        super().__init__(TIMED_OUT if self.timed_out else f"The container broke the connection: {error}")
        self.variant = variant


@dataclass(frozen=True)
class Exchange:
    """One request that an instance has accepted; the head of its answer has arrived, the body is still to be read."""

    variant: Variant
    connection: Connection

    @property
    def status(self) -> int:
        return self.connection.status

    @property
    def content_type(self) -> str:
        return self.connection.headers.get("content-type", DEFAULT_CONTENT_TYPE)

    @property
    def custom_attributes(self) -> str | None:
        return self.connection.headers.get(CUSTOM_ATTRIBUTES.lower())

    async def read(self) -> bytes:
        """Return the whole body. ContainerFailed when its end does not arrive."""
        try:
            return await self.connection.read()
        except (TimeoutError, ConnectionError) as error:
            raise ContainerFailed(self.variant, error) from error

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it arrives. ContainerFailed when its end does not."""
        try:
            async for chunk in self.connection.chunks():
                yield chunk
        except (TimeoutError, ConnectionError) as error:
            raise ContainerFailed(self.variant, error) from error


class Router:
    """Runs on the server's event loop; nothing in it blocks."""

    def __init__(self) -> None:
        self._connections = Connections()

    def close(self) -> None:
        self._connections.close()

    @asynccontextmanager
    async def exchange(
        self,
        deployment: Deployment,
        headers: Mapping[str, str],
        body: Body,
        timeout_s: float,
        target_variant: str | None = None,
    ) -> AsyncIterator[Exchange]:
        """Send a request to an instance, which counts as busy until the context ends.

        An instance that refuses the connection has not seen the request, so the next one gets it. Raises
        ContainerFailed, or NoHealthyInstance when no instance is left.
        """
        refused: list[Instance] = []
        while True:
            variant, instance = deployment.choose(target_variant, refused)
            with instance.busy():
                try:
                    url = f"{instance.address}/invocations"
                    connection = await self._connections.post(url, headers, body, timeout_s)
                except CannotConnect:
                    refused.append(instance)
                    continue
                except (TimeoutError, ConnectionError) as error:
                    raise ContainerFailed(variant, error) from error
                try:
                    yield Exchange(variant, connection)
                finally:
                    connection.release()
                return
