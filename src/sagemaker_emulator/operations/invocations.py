"""InvokeEndpoint, InvokeEndpointWithResponseStream, InvokeEndpointAsync."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, runtime_operation
from sagemaker_emulator.sagemaker import SageMaker


@runtime_operation("InvokeEndpoint")
async def invoke_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """60 s, 6 MB, custom attributes, inference id, target variant; captured and counted."""
    return await sagemaker.invocations.invoke(request)


@runtime_operation("InvokeEndpointWithResponseStream")
async def invoke_endpoint_with_response_stream(sagemaker: SageMaker, request: Request) -> Response:
    """Chunks leave as the container writes them, for up to 8 minutes; ModelStreamError when it breaks off. Counted,
    not captured.
    """
    return await sagemaker.response_streams.invoke(request)
