"""InvokeEndpoint, InvokeEndpointWithResponseStream, InvokeEndpointAsync."""

from __future__ import annotations

import msgspec

from sagemaker_emulator.invocation.requests import InvokeEndpointRequest
from sagemaker_emulator.operations.registry import Request, Response, runtime_operation
from sagemaker_emulator.resources.async_invocation import InvokeEndpointAsyncRequest
from sagemaker_emulator.sagemaker import SageMaker


@runtime_operation("InvokeEndpoint")
async def invoke_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """Support custom attributes, inference ID, target variant, model and container, within 60 s and 6 MB. The requests
    of a stateful session, which the container begins and ends, go to one instance. A request passes through the
    containers of an inference pipeline one after the other. A multi-model container loads the target model first;
    ModelNotReadyException if that takes longer. Invocations are captured and counted.
    """
    return await sagemaker.invocations.invoke(InvokeEndpointRequest.parse(request))


@runtime_operation("InvokeEndpointWithResponseStream")
async def invoke_endpoint_with_response_stream(sagemaker: SageMaker, request: Request) -> Response:
    """Send chunks as the container writes them, for up to 8 minutes; ModelStreamError if the container breaks off.
    Invocations are counted but not captured.
    """
    return await sagemaker.response_streams.invoke(InvokeEndpointRequest.parse(request))


@runtime_operation("InvokeEndpointAsync")
async def invoke_endpoint_async(sagemaker: SageMaker, request: Request) -> Response:
    """Acknowledge a request once it is on disk. The input is in S3 or inline; output or failure goes to S3, and SNS is
    notified. Requests run in order, as many at once as the configuration allows, and again after a crash. Those of up
    to 6 MB are captured.
    """
    body = request.get("Body", b"")
    return await sagemaker.async_invocations.invoke(msgspec.convert(request, InvokeEndpointAsyncRequest), body)
