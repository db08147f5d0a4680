"""InvokeEndpointWithResponseStream: each chunk that the container writes leaves at once, as a frame of an event stream.

Streams are counted in CloudWatch and not captured: AWS documents data capture for InvokeEndpoint.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from typing import Any

from sagemaker_emulator.hosting.deployments import Deployment, NoHealthyInstance
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.invocation.invoke_endpoint import model_failure, require_synchronous, us_since
from sagemaker_emulator.invocation.metrics import Counted, InvocationMetrics
from sagemaker_emulator.invocation.requests import InvokeEndpointRequest
from sagemaker_emulator.invocation.routing import ContainerFailed, Exchange, Router
from sagemaker_emulator.invocation.sessions import Sessions
from sagemaker_emulator.wire import encode_event

OPERATION = "InvokeEndpointWithResponseStream"
STREAM_TIMES = 8  # AWS allows a stream eight minutes, and an answer of InvokeEndpoint one
PART_BYTES = 128 << 10


class ResponseStreams:
    """InvokeEndpointWithResponseStream, on the server's event loop; nothing in it blocks."""

    def __init__(
        self,
        endpoints: Endpoints,
        router: Router,
        metrics: InvocationMetrics,
        sessions: Sessions,
        invocation_timeout_s: float,
    ) -> None:
        self._endpoints, self._router, self._metrics, self._sessions = endpoints, router, metrics, sessions
        self._timeout_s = invocation_timeout_s * STREAM_TIMES

    async def invoke(self, request: InvokeEndpointRequest) -> dict[str, Any]:
        """Return the output; its Body is an iterator of encoded frames. ModelError for a failure before the first."""
        started = time.perf_counter_ns()
        deployment = require_synchronous(
            self._endpoints.deployment(request.endpoint_name, request.inference_component_name)
        )
        deployment = self._sessions.route(deployment, request.session_id)
        async with AsyncExitStack() as stack:
            exchange = await self._begin(stack, deployment, request, started)
            frames = self._frames(stack.pop_all(), exchange, started)
        await anext(frames)  # from here on the generator owns the exchange: closing it frees the instance
        output = {
            "Body": frames,
            "ContentType": exchange.content_type,
            "InvokedProductionVariant": exchange.variant.name,
        }
        attributes = exchange.custom_attributes
        return output if attributes is None else {**output, "CustomAttributes": attributes}

    async def _begin(
        self, stack: AsyncExitStack, deployment: Deployment, request: InvokeEndpointRequest, started: int
    ) -> Exchange:
        """Send the request and read the head of the answer. A status outside 2xx is a ModelError."""
        try:
            exchange = await stack.enter_async_context(
                self._router.exchange(deployment, request.outgoing(self._timeout_s))
            )
            self._metrics.record_setup(deployment.endpoint_name, exchange.variant.name, exchange.setup_us)
            if 200 <= exchange.status < 300:
                return exchange
            counted, container = exchange.counted, exchange.container
            status, body = exchange.status, await exchange.read()
        except NoHealthyInstance as failure:
            self._metrics.record_unavailable(Counted.of(deployment, failure.variant), us_since(started))
            raise
        except ContainerFailed as failure:
            counted, container = failure.counted, failure.container
            status, body = failure.status, str(failure).encode()
        self._metrics.record(counted, status, us_since(started), 0)
        raise model_failure(deployment, status, body, container)

    async def _frames(self, stack: AsyncExitStack, exchange: Exchange, started: int) -> AsyncGenerator[bytes, None]:
        """Yield an empty frame first, then one for each part of the body. `stack` ends the exchange."""
        status = 0
        async with stack:
            try:
                yield b""
                async for chunk in exchange.chunks():
                    for start in range(0, len(chunk), PART_BYTES):
                        yield encode_event(OPERATION, "PayloadPart", chunk[start : start + PART_BYTES])
                status = exchange.status
            except ContainerFailed as failure:
                yield _model_stream_error(failure)
            finally:
                counted, model_us = exchange.counted, us_since(started) - exchange.setup_us
                self._metrics.record(counted, status, model_us, exchange.setup_us)
                self._metrics.record_containers(counted, exchange.visits, exchange.setup_us)


def _model_stream_error(failure: ContainerFailed) -> bytes:
    code, message = "StreamBroken", f"The connection to the model was broken: {failure.__cause__}"
    if failure.timed_out:
        code, message = "ModelInvocationTimeExceeded", "The model did not finish its response in time."
    return encode_event(OPERATION, "ModelStreamError", json.dumps({"Message": message, "ErrorCode": code}).encode())
