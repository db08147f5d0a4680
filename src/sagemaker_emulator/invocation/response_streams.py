"""InvokeEndpointWithResponseStream: what the container writes leaves at once, as frames of an event stream.

Streams are counted in CloudWatch and not captured: AWS documents data capture for InvokeEndpoint.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from typing import Any

from sagemaker_emulator.hosting.deployments import Deployment, NoHealthyInstance
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.invocation.container_requests import ContainerFailed, Containers, Exchange
from sagemaker_emulator.invocation.invoke_endpoint import failed, synchronous, us_since
from sagemaker_emulator.invocation.metrics import InvocationMetrics
from sagemaker_emulator.wire import encode_event

OPERATION = "InvokeEndpointWithResponseStream"
STREAM_TIMES = 8  # AWS gives a stream eight minutes where it gives an answer one
PART_BYTES = 128 << 10


class ResponseStreams:
    """Runs on the server's event loop, as all of the data path."""

    def __init__(
        self, endpoints: Endpoints, containers: Containers, metrics: InvocationMetrics, invocation_timeout_s: float
    ) -> None:
        self._endpoints, self._containers, self._metrics = endpoints, containers, metrics
        self._timeout_s = invocation_timeout_s * STREAM_TIMES

    async def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """The output, its Body an iterator of encoded frames. ModelError for what goes wrong before the first byte."""
        started = time.perf_counter_ns()
        deployment = synchronous(self._endpoints.deployment(request["EndpointName"]))
        exchange = await self._begun(deployment, request, started)
        frames = self._frames(deployment, exchange, started)
        await anext(frames)  # from here on, closing the iterator lets the instance go
        output = {
            "Body": frames,
            "ContentType": exchange.content_type,
            "InvokedProductionVariant": exchange.variant.name,
        }
        attributes = exchange.custom_attributes
        return output if attributes is None else {**output, "CustomAttributes": attributes}

    async def _begun(self, deployment: Deployment, request: dict[str, Any], started: int) -> Exchange:
        try:
            exchange = await self._containers.post(deployment, request, request.get("Body", b""), self._timeout_s)
            if 200 <= exchange.status < 300:
                return exchange
            async with exchange:
                variant, status, body = exchange.variant, exchange.status, await exchange.read()
        except NoHealthyInstance as failure:
            self._metrics.record_unavailable(deployment.endpoint_name, failure.variant, us_since(started))
            raise
        except ContainerFailed as failure:
            variant, status, body = failure.variant, 0, str(failure).encode()
        self._metrics.record(deployment.endpoint_name, variant.name, status, us_since(started), 0)
        raise failed(deployment, status, body)

    async def _frames(self, deployment: Deployment, exchange: Exchange, started: int) -> AsyncGenerator[bytes, None]:
        """An empty frame first, then what there is."""
        status = 0
        async with exchange:
            try:
                yield b""
                async for chunk in exchange.chunks():
                    for start in range(0, len(chunk), PART_BYTES):
                        yield encode_event(OPERATION, "PayloadPart", chunk[start : start + PART_BYTES])
                status = exchange.status
            except ContainerFailed as failure:
                yield _broken_off(failure)
            finally:
                variant = exchange.variant.name
                self._metrics.record(deployment.endpoint_name, variant, status, us_since(started), 0)


def _broken_off(failure: ContainerFailed) -> bytes:
    code, message = "StreamBroken", f"The connection to the model was broken: {failure.__cause__}"
    if failure.timed_out:
        code, message = "ModelInvocationTimeExceeded", "The model did not finish its response in time."
    return encode_event(OPERATION, "ModelStreamError", json.dumps({"Message": message, "ErrorCode": code}).encode())
