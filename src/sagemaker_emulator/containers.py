"""POST /invocations to the containers of a deployment, over connections that are kept."""

from __future__ import annotations

import io
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import aiohttp

from sagemaker_emulator.deployments import Deployment, Variant, validation_error
from sagemaker_emulator.instances import Instance

DEFAULT_CONTENT_TYPE = "application/octet-stream"
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
KEEP_ALIVE_S = 15.0
WRITTEN_AT_ONCE_BYTES = 512 << 10
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
    response: aiohttp.ClientResponse

    @property
    def content_type(self) -> str:
        return self.response.headers.get("Content-Type", DEFAULT_CONTENT_TYPE)

    @property
    def custom_attributes(self) -> str | None:
        return self.response.headers.get(CUSTOM_ATTRIBUTES)

    async def read(self) -> bytes:
        try:
            return await self.response.read()
        except (TimeoutError, aiohttp.ClientError) as error:
            raise ContainerFailed(self.variant, error) from error

    async def __aenter__(self) -> Exchange:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind:
            self.response.close()  # an answer that nobody reads must not go back to the pool of connections
        else:
            self.response.release()
        self.instance.in_flight -= 1


class Containers:
    """Everything here runs on the server's event loop; nothing blocks it."""

    def __init__(self) -> None:
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S)
        self._http = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),  # what a container sets is not for its next caller
            skip_auto_headers=("Accept-Encoding", "User-Agent"),  # an answer goes on as it is: not compressed
        )

    async def close(self) -> None:
        if self._http:
            await self._http.close()

    async def post(self, deployment: Deployment, request: dict[str, Any], body: Any, timeout_s: float) -> Exchange:
        """The head of the answer of the least busy instance. One that nothing listens at has not seen the request, so
        another is asked. ContainerFailed, or ServiceUnavailable when there is none left.
        """
        refuse_what_is_not_emulated(deployment.endpoint_name, request)
        tried: list[Instance] = []
        while True:
            variant, instance = deployment.choose(request.get("TargetVariant"), tried)
            instance.in_flight += 1
            try:
                return Exchange(variant, instance, await self._post(instance, request, body, timeout_s))
            except aiohttp.ClientConnectorError:
                instance.in_flight -= 1
                tried.append(instance)
            except (TimeoutError, aiohttp.ClientError) as error:
                instance.in_flight -= 1
                raise ContainerFailed(variant, error) from error
            except BaseException:
                instance.in_flight -= 1
                raise

    async def _post(
        self, instance: Instance, request: dict[str, Any], body: Any, timeout_s: float
    ) -> aiohttp.ClientResponse:
        assert self._http is not None
        timeout = aiohttp.ClientTimeout(total=timeout_s)
        data = io.BytesIO(body) if isinstance(body, bytes) and len(body) > WRITTEN_AT_ONCE_BYTES else body
        return await self._http.post(
            f"{instance.address}/invocations", data=data, headers=_headers(request), timeout=timeout
        )


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
