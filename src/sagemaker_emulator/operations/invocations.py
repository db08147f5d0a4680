"""InvokeEndpoint."""

from __future__ import annotations

from sagemaker_emulator.operations.registry import Request, Response, runtime_operation
from sagemaker_emulator.sagemaker import SageMaker


@runtime_operation("InvokeEndpoint")
async def invoke_endpoint(sagemaker: SageMaker, request: Request) -> Response:
    """60 s, 6 MB, custom attributes, inference id, target variant; captured and counted."""
    return await sagemaker.invocations.invoke(request)
