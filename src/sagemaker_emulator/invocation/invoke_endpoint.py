"""InvokeEndpoint: from the server's event loop to a container and back, captured and counted on the way."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sagemaker_emulator.errors import model_error, runtime_validation
from sagemaker_emulator.hosting.deployments import Deployment, NoHealthyInstance
from sagemaker_emulator.hosting.endpoints import Endpoints
from sagemaker_emulator.hosting.launcher import LOG_GROUP
from sagemaker_emulator.hosting.variants import Variant
from sagemaker_emulator.invocation.capture_records import CapturedInvocation, Payload
from sagemaker_emulator.invocation.data_capture import CaptureWriter
from sagemaker_emulator.invocation.metrics import Counted, InvocationMetrics
from sagemaker_emulator.invocation.requests import InvokeEndpointRequest
from sagemaker_emulator.invocation.routing import ERROR_MAX_BYTES, ContainerFailed, Router
from sagemaker_emulator.invocation.sessions import Sessions
from sagemaker_emulator.invocation.shadow_traffic import ShadowTraffic
from sagemaker_emulator.invocation.visits import Visit
from sagemaker_emulator.resources.container_definition import PRIMARY

CAPTURED_ON_THE_LOOP_BYTES = 256 << 10  # larger payloads take milliseconds to encode, which would block the loop


@dataclass(frozen=True)
class Answer:
    """The answer of an instance; status 0 when it gave none. `model_us` is the time it took, in microseconds.

    `container` is the name of the container that answered, and `visits` are those that were asked, if it has several.
    `session` has NewSessionId and ClosedSessionId, as far as the container gave them.
    """

    variant: Variant
    status: int
    payload: Payload
    custom_attributes: str | None
    model_us: int
    container: str = PRIMARY
    visits: Sequence[Visit] = ()
    session: Mapping[str, str] = field(default_factory=dict)


class Invocations:
    """InvokeEndpoint, on the server's event loop; nothing in it blocks."""

    def __init__(
        self,
        endpoints: Endpoints,
        router: Router,
        capture: CaptureWriter,
        metrics: InvocationMetrics,
        sessions: Sessions,
        timeout_s: float,
    ) -> None:
        self._endpoints, self._router, self._sessions = endpoints, router, sessions
        self._capture, self._metrics, self._timeout_s = capture, metrics, timeout_s
        self._shadow_traffic = ShadowTraffic(self._serve)

    def close(self) -> None:
        self._shadow_traffic.close()

    async def invoke(self, request: InvokeEndpointRequest) -> dict[str, Any]:
        """Return the output of InvokeEndpoint. Raises ValidationError, ModelError or ServiceUnavailable."""
        deployment = require_synchronous(
            self._endpoints.deployment(request.endpoint_name, request.inference_component_name)
        )
        deployment = self._sessions.route(deployment, request.session_id)
        if deployment.shadow:
            self._shadow_traffic.copy(deployment.shadow, request)
        answer = await self._serve(deployment, request)
        if not 200 <= answer.status < 300:
            raise model_failure(deployment, answer.status, answer.payload.body, answer.container)
        output = {
            "Body": answer.payload.body,
            "ContentType": answer.payload.content_type,
            "InvokedProductionVariant": answer.variant.name,
            **answer.session,
        }
        return output if answer.custom_attributes is None else {**output, "CustomAttributes": answer.custom_attributes}

    async def _serve(self, deployment: Deployment, request: InvokeEndpointRequest) -> Answer:
        """Ask an instance, count the invocation, and capture it if it succeeded."""
        started = time.perf_counter_ns()
        answer = await self._ask(deployment, request)
        overhead_us = us_since(started) - answer.model_us
        counted = Counted.of(deployment, answer.variant.name)
        self._metrics.record(counted, answer.status, answer.model_us, overhead_us)
        if answer.visits:
            self._metrics.record_containers(counted, answer.visits, overhead_us)
        if 200 <= answer.status < 300:
            await self._record(deployment, request, answer)
        return answer

    async def _ask(self, deployment: Deployment, request: InvokeEndpointRequest) -> Answer:
        started = time.perf_counter_ns()
        try:
            async with self._router.exchange(deployment, request.outgoing(self._timeout_s)) as exchange:
                payload = Payload(await exchange.read(), exchange.content_type)
                status, attributes, visits = exchange.status, exchange.custom_attributes, exchange.visits
                if exchange.setup_us:
                    self._metrics.record_setup(deployment.endpoint_name, exchange.variant.name, exchange.setup_us)
                took_us = us_since(started) - exchange.setup_us - exchange.waited_us
                session = self._sessions.follow(deployment, exchange, request.session_id)
                return Answer(
                    exchange.variant, status, payload, attributes, took_us, exchange.container, visits, session
                )
        except NoHealthyInstance as failure:
            self._metrics.record_unavailable(Counted.of(deployment, failure.variant), us_since(started))
            raise
        except ContainerFailed as failure:
            reason = Payload(str(failure).encode(), "text/plain")
            visits = failure.visits
            return Answer(failure.variant, failure.status, reason, None, us_since(started), failure.container, visits)

    async def _record(self, deployment: Deployment, request: InvokeEndpointRequest, answer: Answer) -> None:
        """Capture the invocation, if the endpoint captures and the sample includes it."""
        capture = deployment.data_capture
        if capture is None or not self._capture.samples(capture):
            return
        invocation = CapturedInvocation(
            endpoint_name=deployment.endpoint_name,
            variant_name=answer.variant.name,
            request=Payload(request.body, request.content_type),
            response=answer.payload,
            inference_id=request.inference_id,
            custom_attributes=request.custom_attributes,
        )
        if len(invocation.request.body) + len(invocation.response.body) > CAPTURED_ON_THE_LOOP_BYTES:
            await asyncio.to_thread(self._capture.record, capture, invocation)
        else:
            self._capture.record(capture, invocation)


def require_synchronous(deployment: Deployment) -> Deployment:
    if deployment.async_inference:
        raise runtime_validation(
            f"Endpoint {deployment.endpoint_name} is an asynchronous endpoint: use InvokeEndpointAsync."
        )
    return deployment


def model_failure(deployment: Deployment, status: int, body: bytes, container: str) -> Exception:
    """The ModelError for a container's answer outside 2xx; status 0 when it gave none."""
    text = body[:ERROR_MAX_BYTES].decode(errors="replace")
    is_whole = len(body) <= ERROR_MAX_BYTES
    return model_error(status, text, LOG_GROUP + deployment.endpoint_name, container, is_whole)


def us_since(started_ns: int) -> int:
    return (time.perf_counter_ns() - started_ns) // 1000
