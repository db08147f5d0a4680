"""The way of a request to the least busy instance of a deployment, over persistent connections."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping

from sagemaker_emulator.hosting.deployments import Deployment
from sagemaker_emulator.hosting.instances import Busy, Instance
from sagemaker_emulator.hosting.serverless.variant import ColdStartFailed, ServerlessVariant
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.invocation.container_http import AnswerTooLarge, CannotConnect, Connection
from sagemaker_emulator.invocation.metrics import Counted
from sagemaker_emulator.invocation.multi_model.container_api import LoadRefused
from sagemaker_emulator.invocation.requests import CUSTOM_ATTRIBUTES, DEFAULT_CONTENT_TYPE, Outgoing
from sagemaker_emulator.invocation.rows import (
    ANSWER_MAX_BYTES,
    ContainerRows,
    Passage,
    PayloadTooLarge,
    require_targets,
)
from sagemaker_emulator.invocation.visits import Visit
from sagemaker_emulator.resources.container_definition import PRIMARY

ERROR_MAX_BYTES = 64 << 10
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container {container}. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)


class ContainerFailed(Exception):
    """A container gave no answer, or only part of one. `variant` is its variant; the text is for the caller.

    `status` is 0, or that of a container that refused to load the request's model.
    """

    def __init__(self, exchange: Exchange, error: Exception) -> None:
        self.timed_out = isinstance(error, TimeoutError)
        self.status = error.status if isinstance(error, LoadRefused) else 0
        self.variant, self.container, self.visits = exchange.variant, exchange.container, exchange.visits
        self.counted = exchange.counted
        super().__init__(_fault(error, self.container))


class Exchange:
    """One request to an instance, which counts as busy until the context ends.

    Entering the context sends the request through the instance's containers (`rows`) and waits for the head of the
    last answer; then its body can be read. A class with both methods, because `asynccontextmanager` would cost every
    invocation several microseconds.
    """

    variant: Variant
    instance: Instance
    setup_us = 0  # of the cold start that the request waited for
    _connection: Connection
    _busy: Busy

    def __init__(self, rows: ContainerRows, deployment: Deployment, request: Outgoing) -> None:
        self._rows, self._deployment, self._request = rows, deployment, request
        self._passage = Passage(deployment.endpoint_name)

    async def __aenter__(self) -> Exchange:
        """Send the request. An instance that refuses the connection has not seen it, so the next one gets it."""
        if self._deployment.serverless:
            self.variant = self._deployment.serverless
            await self._warm_up(self._deployment.serverless)
        refused: list[Instance] = []
        while True:
            self.variant, instance = self._deployment.choose(self._request.target_variant, refused)
            require_targets(self._deployment.endpoint_name, instance, self._request)
            if instance.is_multi_model:
                others = (one for one in self.variant.instances if one not in refused)
                instance = self._rows.preferred(instance, others, self._request)
            self._passage.variant = self.variant.name
            try:
                await self._send(instance)
            except CannotConnect:
                refused.append(instance)
            except (TimeoutError, ConnectionError) as error:
                raise ContainerFailed(self, error) from error
            else:
                return self

    async def __aexit__(self, *_: object) -> None:
        self._connection.release()
        self._passage.end()
        self._busy.__exit__()

    async def _warm_up(self, variant: ServerlessVariant) -> None:
        try:
            self.setup_us = await variant.warm_up()
        except ColdStartFailed as error:
            raise ContainerFailed(self, error) from error

    async def _send(self, instance: Instance) -> None:
        self.instance, self._busy = instance, instance.busy()
        self._busy.__enter__()
        try:
            self._connection = await self._rows.pass_through(instance, self._request, self._passage)
        except BaseException:  # also when the caller is cancelled: the instance is no longer busy
            self._passage.end()
            self._busy.__exit__()
            raise

    @property
    def counted(self) -> Counted:
        return Counted.of(self._deployment, self.variant.name)

    @property
    def visits(self) -> list[Visit]:
        """Return the containers that were asked, of an instance with several."""
        return self._passage.visits

    @property
    def waited_us(self) -> int:
        """Return how long the request waited for a multi-model container to load its model, in microseconds."""
        return self._passage.waited_us

    @property
    def container(self) -> str:
        """Return the name of the container that was asked last."""
        return self.visits[-1].container if self.visits else PRIMARY

    @property
    def status(self) -> int:
        return self._connection.status

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the headers of the last answer, with names in lower case."""
        return self._connection.headers

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
            raise ContainerFailed(self, error) from error

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
            raise ContainerFailed(self, error) from error


class Router:
    """The way of a request to an instance, on the server's event loop; nothing in it blocks."""

    def __init__(self, rows: ContainerRows) -> None:
        self._rows = rows

    def close(self) -> None:
        self._rows.models.close()
        self._rows.connections.close()

    def exchange(self, deployment: Deployment, request: Outgoing) -> Exchange:
        """Return a context that sends a request to the least busy instance of the deployment.

        Entering it raises ContainerFailed, NoHealthyInstance when no instance is left, or ValidationError for targets
        that the instance does not have.
        """
        return Exchange(self._rows, deployment, request)


def _fault(error: Exception, container: str) -> str:
    if isinstance(error, TimeoutError):
        return TIMED_OUT.format(container=container)
    if isinstance(error, PayloadTooLarge | LoadRefused):
        return str(error)
    subject = "The container" if container == PRIMARY else f"The container {container}"
    if isinstance(error, ColdStartFailed):
        return f"{subject} could not be started: {error}"
    fault = "answered too much" if isinstance(error, AnswerTooLarge) else "broke the connection"
    return f"{subject} {fault}: {error}"
