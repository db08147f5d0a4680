"""POST /invocations to the containers of a deployment, over connections that are kept."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from sagemaker_emulator.hosting.deployments import Deployment, Variant, validation_error
from sagemaker_emulator.hosting.instances import Instance
from sagemaker_emulator.invocation.container_http import Body, CannotConnect, Connection, Connections

DEFAULT_CONTENT_TYPE = "application/octet-stream"
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
NOT_EMULATED = {
    "TargetModel": "it is not a multi-model endpoint",
    "TargetContainerHostname": "it is not a multi-container endpoint",
    "InferenceComponentName": "it has no inference components",
    "SessionId": "stateful sessions are not emulated",
    "EnableExplanations": "online explanations are not emulated",
}
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)


class ContainerFailed(Exception):
    """The container did not answer, or broke off; `variant` is the one that was asked, the text says what happened."""

    def __init__(self, variant: Variant, error: Exception) -> None:
        self.timed_out = isinstance(error, TimeoutError)
        super().__init__(TIMED_OUT if self.timed_out else f"The container broke the connection: {error}")
        self.variant = variant


@dataclass
class Exchange:
    """One request that an instance has taken, and its answer from the head on. The instance is busy until its end."""

    variant: Variant
    instance: Instance
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
        try:
            return await self.connection.read()
        except (TimeoutError, ConnectionError) as error:
            raise ContainerFailed(self.variant, error) from error

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        try:
            async for chunk in self.connection.chunks():
                yield chunk
        except (TimeoutError, ConnectionError) as error:
            raise ContainerFailed(self.variant, error) from error

    async def __aenter__(self) -> Exchange:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.release()
        self.instance.in_flight -= 1


class Containers:
    """Everything here runs on the server's event loop; nothing blocks it."""

    def __init__(self) -> None:
        self._connections = Connections()

    def close(self) -> None:
        self._connections.close()

    async def post(self, deployment: Deployment, request: dict[str, Any], body: Body, timeout_s: float) -> Exchange:
        """The head of the answer of the least busy instance. One that nothing listens at has not seen the request, so
        another is asked. ContainerFailed, or ServiceUnavailable when there is none left.
        """
        refuse_what_is_not_emulated(deployment.endpoint_name, request)
        headers, tried = _headers(request), list[Instance]()
        while True:
            variant, instance = deployment.choose(request.get("TargetVariant"), tried)
            instance.in_flight += 1
            try:
                url = f"{instance.address}/invocations"
                return Exchange(variant, instance, await self._connections.post(url, headers, body, timeout_s))
            except CannotConnect:
                instance.in_flight -= 1
                tried.append(instance)
            except BaseException as error:
                instance.in_flight -= 1
                if isinstance(error, TimeoutError | ConnectionError):
                    raise ContainerFailed(variant, error) from error
                raise


def refuse_what_is_not_emulated(endpoint: str, request: dict[str, Any]) -> None:
    for member, reason in NOT_EMULATED.items():
        if member in request:
            raise validation_error(f"Endpoint {endpoint} cannot be invoked with {member}: {reason}.")


def _headers(request: dict[str, Any]) -> dict[str, str]:
    headers = {
        "Content-Type": request.get("ContentType", DEFAULT_CONTENT_TYPE),
        "Accept": request.get("Accept", "*/*"),
        CUSTOM_ATTRIBUTES: request.get("CustomAttributes"),
        "X-Amzn-SageMaker-Inference-Id": request.get("InferenceId"),
    }
    return {name: value for name, value in headers.items() if value is not None}
