"""POST /invocations to the least busy instance of a deployment, over persistent connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.hosting.instances import Busy, Instance
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.invocation.container_http import AnswerTooLarge, Body, CannotConnect, Connection, Connections
from sagemaker_emulator.invocation.requests import CUSTOM_ATTRIBUTES, DEFAULT_CONTENT_TYPE

ANSWER_MAX_BYTES = 25 << 20  # the quota of InvokeEndpoint. Source: the developer guide, model deployment options
ERROR_MAX_BYTES = 64 << 10
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)


class ContainerFailed(Exception):
    """A container gave no answer, or only part of one. `variant` is its variant; the text is for the caller."""

    def __init__(self, variant: Variant, error: Exception) -> None:
        self.timed_out = isinstance(error, TimeoutError)
        super().__init__(TIMED_OUT if self.timed_out else f"The container {_fault(error)}: {error}")
        self.variant = variant


class Exchange:
    """One request to an instance, which counts as busy until the context ends.

    Entering the context sends the request and waits for the head of the answer; then the body can be read. A class with
    both methods, because `asynccontextmanager` would cost every invocation several microseconds.
    """

    variant: Variant
    _connection: Connection
    _busy: Busy

    def __init__(
        self,
        connections: Connections,
        deployment: Deployment,
        headers: Mapping[str, str],
        body: Body,
        timeout_s: float,
        target_variant: str | None,
    ) -> None:
        self._connections, self._deployment, self._headers = connections, deployment, headers
        self._body, self._timeout_s, self._target_variant = body, timeout_s, target_variant

    async def __aenter__(self) -> Exchange:
        """Send the request. An instance that refuses the connection has not seen it, so the next one gets it."""
        refused: list[Instance] = []
        while True:
            self.variant, instance = self._deployment.choose(self._target_variant, refused)
            try:
                await self._send(instance)
            except CannotConnect:
                refused.append(instance)
            except (TimeoutError, ConnectionError) as error:
                raise ContainerFailed(self.variant, error) from error
            else:
                return self

    async def __aexit__(self, *_: object) -> None:
        self._connection.release()
        self._busy.__exit__()

    async def _send(self, instance: Instance) -> None:
        self._busy = instance.busy()
        self._busy.__enter__()
        try:
            url = f"{instance.address}/invocations"
            self._connection = await self._connections.post(url, self._headers, self._body, self._timeout_s)
        except BaseException:  # also when the caller is cancelled: the instance is no longer busy
            self._busy.__exit__()
            raise

    @property
    def status(self) -> int:
        return self._connection.status

    @property
    def content_type(self) -> str:
        return self._connection.headers.get("content-type", DEFAULT_CONTENT_TYPE)

    @property
    def custom_attributes(self) -> str | None:
        return self._connection.headers.get(CUSTOM_ATTRIBUTES.lower())

    async def read(self) -> bytes:
        """Return the body. Raise ContainerFailed if it is incomplete or larger than AWS takes.

        Of the body of an error, return the beginning: at most one byte more than ERROR_MAX_BYTES.
        """
        try:
            if not 200 <= self.status < 300:
                return await self._connection.read_beginning(ERROR_MAX_BYTES + 1)
            return await self._connection.read(ANSWER_MAX_BYTES)
        except (TimeoutError, ConnectionError) as error:
            raise ContainerFailed(self.variant, error) from error

    async def chunks(self, limit_bytes: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield the body as it arrives. Raise ContainerFailed if it is incomplete, or after `limit_bytes`."""
        size = 0
        try:
            async for chunk in self._connection.chunks():
                size += len(chunk)
                if limit_bytes is not None and size > limit_bytes:
                    raise AnswerTooLarge(f"its answer has more than {limit_bytes} bytes")
                yield chunk
        except (TimeoutError, ConnectionError) as error:
            raise ContainerFailed(self.variant, error) from error


class Router:
    """The way of a request to an instance, on the server's event loop; nothing in it blocks."""

    def __init__(self) -> None:
        self._connections = Connections()

    def close(self) -> None:
        self._connections.close()

    def exchange(
        self,
        deployment: Deployment,
        headers: Mapping[str, str],
        body: Body,
        timeout_s: float,
        target_variant: str | None = None,
    ) -> Exchange:
        """Return a context that sends a request to the least busy instance of the deployment.

        Entering it raises ContainerFailed, or NoHealthyInstance when no instance is left.
        """
        return Exchange(self._connections, deployment, headers, body, timeout_s, target_variant)


def _fault(error: Exception) -> str:
    return "answered too much" if isinstance(error, AnswerTooLarge) else "broke the connection"
