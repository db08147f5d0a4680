"""InvokeEndpoint: from the server's loop to a container and back, captured and counted on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import aiohttp

from sagemaker_emulator.data_capture import CaptureWriter, Invocation, Payload
from sagemaker_emulator.deployments import Deployment, Variant
from sagemaker_emulator.endpoints import Endpoints
from sagemaker_emulator.errors import model_error
from sagemaker_emulator.hosting import LOG_GROUP
from sagemaker_emulator.instances import Instance
from sagemaker_emulator.invocation_metrics import InvocationMetrics

DEFAULT_CONTENT_TYPE = "application/octet-stream"
TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container primary. Review the latency metrics for "
    "each container in Amazon CloudWatch, resolve the issue, and try again."
)


@dataclass(frozen=True)
class Answer:
    """What a container answered. `model_us` is how long it took, in microseconds."""

    status: int
    payload: Payload
    custom_attributes: str | None
    model_us: int


class Invocations:
    """The data path. Everything here runs on the server's event loop; nothing blocks it."""

    def __init__(
        self, endpoints: Endpoints, capture: CaptureWriter, metrics: InvocationMetrics, timeout_s: float
    ) -> None:
        self._endpoints, self._capture, self._metrics = endpoints, capture, metrics
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._http: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        self._http = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15), timeout=self._timeout, auto_decompress=False
        )

    async def close(self) -> None:
        if self._http:
            await self._http.close()

    async def invoke(self, request: dict[str, Any]) -> dict[str, Any]:
        """The output of InvokeEndpoint. ValidationError, ModelError or ServiceUnavailable, as AWS names them."""
        started = time.perf_counter_ns()
        deployment = self._endpoints.deployment(request["EndpointName"])
        variant, instance = deployment.choose(request.get("TargetVariant"))
        answer = await self._ask(deployment, variant, instance, request)
        self._count(deployment, variant, answer, started)
        if not 200 <= answer.status < 300:
            message = answer.payload.body.decode(errors="replace")
            raise model_error(answer.status, message, LOG_GROUP + deployment.endpoint_name)
        self._captured(deployment, variant, request, answer)
        output = {
            "Body": answer.payload.body,
            "ContentType": answer.payload.content_type,
            "InvokedProductionVariant": variant.name,
        }
        return output if answer.custom_attributes is None else {**output, "CustomAttributes": answer.custom_attributes}

    async def _ask(
        self, deployment: Deployment, variant: Variant, instance: Instance, request: dict[str, Any]
    ) -> Answer:
        assert self._http is not None
        started = time.perf_counter_ns()
        instance.in_flight += 1
        try:
            url = f"{instance.address}/invocations"
            async with self._http.post(url, data=request.get("Body", b""), headers=_headers(request)) as response:
                body = await response.read()
                content_type = response.headers.get("Content-Type", DEFAULT_CONTENT_TYPE)
                attributes = response.headers.get("X-Amzn-SageMaker-Custom-Attributes")
                return Answer(response.status, Payload(body, content_type), attributes, _us_since(started))
        except TimeoutError:
            reason = TIMED_OUT
        except aiohttp.ClientError as error:
            reason = f"The container broke the connection: {error}"
        finally:
            instance.in_flight -= 1
        return Answer(0, Payload(reason.encode(), "text/plain"), None, _us_since(started))

    def _count(self, deployment: Deployment, variant: Variant, answer: Answer, started: int) -> None:
        overhead_us = _us_since(started) - answer.model_us
        self._metrics.record(deployment.endpoint_name, variant.name, answer.status, answer.model_us, overhead_us)

    def _captured(self, deployment: Deployment, variant: Variant, request: dict[str, Any], answer: Answer) -> None:
        if deployment.data_capture is None:
            return
        invocation = Invocation(
            endpoint_name=deployment.endpoint_name,
            variant_name=variant.name,
            request=Payload(request.get("Body", b""), request.get("ContentType", DEFAULT_CONTENT_TYPE)),
            response=answer.payload,
            inference_id=request.get("InferenceId"),
            custom_attributes=request.get("CustomAttributes"),
        )
        self._capture.record(deployment.data_capture, invocation)


def _headers(request: dict[str, Any]) -> dict[str, str]:
    headers = {
        "Content-Type": request.get("ContentType", DEFAULT_CONTENT_TYPE),
        "Accept": request.get("Accept", "*/*"),
        "X-Amzn-SageMaker-Custom-Attributes": request.get("CustomAttributes"),
        "X-Amzn-SageMaker-Target-Model": request.get("TargetModel"),
    }
    return {name: value for name, value in headers.items() if value is not None}


def _us_since(started_ns: int) -> int:
    return (time.perf_counter_ns() - started_ns) // 1000
