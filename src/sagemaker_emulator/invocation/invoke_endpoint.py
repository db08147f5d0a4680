"""InvokeEndpoint: from the server's loop to a container and back, captured and counted on the way."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.errors import model_error
from sagemaker_emulator.hosting.deployments import Deployment, NoHealthyInstance, Variant, validation_error
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.hosting.launcher import LOG_GROUP
from sagemaker_emulator.invocation.container_requests import DEFAULT_CONTENT_TYPE, ContainerFailed, Containers
from sagemaker_emulator.invocation.data_capture import CaptureWriter, Invocation, Payload
from sagemaker_emulator.invocation.metrics import InvocationMetrics

CAPTURED_ON_THE_LOOP_BYTES = 256 << 10  # more takes milliseconds to encode: not on the loop


@dataclass(frozen=True)
class Answer:
    """What a container answered; status 0 for nothing. `model_us` is how long it took, in microseconds."""

    variant: Variant
    status: int
    payload: Payload
    custom_attributes: str | None
    model_us: int


class Invocations:
    """The data path. Everything here runs on the server's event loop; nothing blocks it."""

    def __init__(
        self,
        endpoints: Endpoints,
        containers: Containers,
        capture: CaptureWriter,
        metrics: InvocationMetrics,
        timeout_s: float,
    ) -> None:
        self._endpoints, self._containers = endpoints, containers
        self._capture, self._metrics, self._timeout_s = capture, metrics, timeout_s

    async def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """The output of InvokeEndpoint. ValidationError, ModelError or ServiceUnavailable, as AWS names them."""
        started = time.perf_counter_ns()
        deployment = synchronous(self._endpoints.deployment(request["EndpointName"]))
        answer = await self._ask(deployment, request)
        overhead_us = us_since(started) - answer.model_us
        self._metrics.record(deployment.endpoint_name, answer.variant.name, answer.status, answer.model_us, overhead_us)
        if not 200 <= answer.status < 300:
            raise failed(deployment, answer.status, answer.payload.body)
        await self._captured(deployment, request, answer)
        output = {
            "Body": answer.payload.body,
            "ContentType": answer.payload.content_type,
            "InvokedProductionVariant": answer.variant.name,
        }
        return output if answer.custom_attributes is None else {**output, "CustomAttributes": answer.custom_attributes}

    async def _ask(self, deployment: Deployment, request: dict[str, Any]) -> Answer:
        started = time.perf_counter_ns()
        try:
            async with await self._containers.post(
                deployment, request, request.get("Body", b""), self._timeout_s
            ) as exchange:
                payload = Payload(await exchange.read(), exchange.content_type)
                status, attributes = exchange.status, exchange.custom_attributes
                return Answer(exchange.variant, status, payload, attributes, us_since(started))
        except NoHealthyInstance as failure:
            self._metrics.record_unavailable(deployment.endpoint_name, failure.variant, us_since(started))
            raise
        except ContainerFailed as failure:
            reason = Payload(str(failure).encode(), "text/plain")
            return Answer(failure.variant, 0, reason, None, us_since(started))

    async def _captured(self, deployment: Deployment, request: dict[str, Any], answer: Answer) -> None:
        capture = deployment.data_capture
        if capture is None or not self._capture.wants(capture):
            return
        invocation = Invocation(
            endpoint_name=deployment.endpoint_name,
            variant_name=answer.variant.name,
            request=Payload(request.get("Body", b""), request.get("ContentType", DEFAULT_CONTENT_TYPE)),
            response=answer.payload,
            inference_id=request.get("InferenceId"),
            custom_attributes=request.get("CustomAttributes"),
        )
        if len(invocation.request.body) + len(invocation.response.body) > CAPTURED_ON_THE_LOOP_BYTES:
            await asyncio.to_thread(self._capture.record, capture, invocation)
        else:
            self._capture.record(capture, invocation)


def synchronous(deployment: Deployment) -> Deployment:
    if deployment.async_inference:
        raise validation_error(
            f"Endpoint {deployment.endpoint_name} is an asynchronous endpoint: use InvokeEndpointAsync."
        )
    return deployment


def failed(deployment: Deployment, status: int, body: bytes) -> Exception:
    return model_error(status, body.decode(errors="replace"), LOG_GROUP + deployment.endpoint_name)


def us_since(started_ns: int) -> int:
    return (time.perf_counter_ns() - started_ns) // 1000
