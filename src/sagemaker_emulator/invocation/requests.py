"""InvokeEndpoint and InvokeEndpointWithResponseStream: the request, parsed once, and what a container gets of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from sagemaker_emulator.errors import runtime_validation

DEFAULT_CONTENT_TYPE = "application/octet-stream"
DEFAULT_ACCEPT = "*/*"
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
NOT_EMULATED = {
    "TargetModel": "it is not a multi-model endpoint",
    "TargetContainerHostname": "it is not a multi-container endpoint",
    "InferenceComponentName": "it has no inference components",
    "SessionId": "stateful sessions are not emulated",
    "EnableExplanations": "online explanations are not emulated",
}


class InvokeEndpointRequest(msgspec.Struct, frozen=True, rename="pascal"):
    """The members that both operations have in common. A Struct, because it is filled in half a microsecond."""

    endpoint_name: str
    body: bytes = b""
    content_type: str = DEFAULT_CONTENT_TYPE
    accept: str = DEFAULT_ACCEPT
    custom_attributes: str | None = None
    inference_id: str | None = None
    target_variant: str | None = None

    @classmethod
    def parse(cls, members: Mapping[str, Any]) -> InvokeEndpointRequest:
        """Parse the members of the wire's request. ValidationError for members that are not emulated."""
        for member, reason in NOT_EMULATED.items():
            if member in members:
                raise runtime_validation(
                    f"Endpoint {members['EndpointName']} cannot be invoked with {member}: {reason}."
                )
        return msgspec.convert(members, cls)

    def container_headers(self) -> dict[str, str]:
        return container_headers(self.content_type, self.accept, self.custom_attributes, self.inference_id)


def container_headers(
    content_type: str | None, accept: str | None, custom_attributes: str | None, inference_id: str | None
) -> dict[str, str]:
    """Return the headers of POST /invocations. None stands for a member that the caller left out."""
    headers = {
        "Content-Type": DEFAULT_CONTENT_TYPE if content_type is None else content_type,
        "Accept": DEFAULT_ACCEPT if accept is None else accept,
    }
    if custom_attributes is not None:
        headers[CUSTOM_ATTRIBUTES] = custom_attributes
    if inference_id is not None:
        headers[INFERENCE_ID] = inference_id
    return headers
