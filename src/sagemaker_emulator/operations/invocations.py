"""InvokeEndpoint, InvokeEndpointWithResponseStream, InvokeEndpointAsync."""

from __future__ import annotations

import msgspec

from sagemaker_emulator.invocation.requests import InvokeEndpointRequest
from sagemaker_emulator.operations.registry import Request, Response, runtime_operation
from sagemaker_emulator.resources.async_invocation import InvokeEndpointAsyncRequest
from sagemaker_emulator.sagemaker import SageMaker


@runtime_operation("InvokeEndpoint")
async def invoke_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """60 s, 6 MB, custom attributes, inference id, target variant; captured and counted."""
    return await sagemaker.invocations.invoke(InvokeEndpointRequest.parse(request))


@runtime_operation("InvokeEndpointWithResponseStream")
async def invoke_endpoint_with_response_stream(sagemaker: SageMaker, request: Request) -> Response:
    """Chunks leave as the container writes them, for up to 8 minutes; ModelStreamError when it breaks off. Counted,
    not captured.
    """
    return await sagemaker.response_streams.invoke(InvokeEndpointRequest.parse(request))


@runtime_operation("InvokeEndpointAsync")
async def invoke_endpoint_async(sagemaker: SageMaker, request: Request) -> Response:
    """Acknowledged when it is on disk; input from S3 or inline; output or failure to S3; SNS. Done in order, by as many
    at once as the configuration says, and again after a crash. Not captured.
    """
    body = request.get("Body", b"")
    return await sagemaker.async_invocations.invoke(msgspec.convert(request, InvokeEndpointAsyncRequest), body)
