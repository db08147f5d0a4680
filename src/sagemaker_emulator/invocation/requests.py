"""InvokeEndpoint and InvokeEndpointWithResponseStream: the request, parsed once, and what a container gets of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

import msgspec

from sagemaker_emulator.errors import runtime_validation

DEFAULT_CONTENT_TYPE = "application/octet-stream"
DEFAULT_ACCEPT = "*/*"
CUSTOM_ATTRIBUTES = "X-Amzn-SageMaker-Custom-Attributes"
INFERENCE_ID = "X-Amzn-SageMaker-Inference-Id"
TARGET_MODEL = "X-Amzn-SageMaker-Target-Model"
SESSION_ID = "X-Amzn-SageMaker-Session-Id"
NOT_EMULATED = {
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
    target_model: str | None = None
    target_container_hostname: str | None = None
    inference_component_name: str | None = None
    session_id: str | None = None

    @classmethod
    def parse(cls, members: Mapping[str, Any]) -> InvokeEndpointRequest:
        """Parse the members of the wire's request. ValidationError for members that are not emulated."""
        for member, reason in NOT_EMULATED.items():
            if member in members:
                raise runtime_validation(
                    f"Endpoint {members['EndpointName']} cannot be invoked with {member}: {reason}."
                )
        return msgspec.convert(members, cls)

    def outgoing(self, timeout_s: float) -> Outgoing:
        """Return what the containers get, within `timeout_s`."""
        headers = container_headers(self.content_type, self.accept, self.custom_attributes, self.inference_id)
        if self.session_id is not None:
            headers[SESSION_ID] = self.session_id
        return Outgoing(
            headers, self.body, timeout_s, self.target_variant, self.target_model, self.target_container_hostname
        )


class Outgoing(msgspec.Struct, frozen=True):
    """A request on its way to a container, and the targets that its caller named.

    `timeout_s` covers the answers of all containers that it passes. A file as the body is sent block by block.
    """

    headers: Mapping[str, str]
    body: bytes | BinaryIO
    timeout_s: float
    target_variant: str | None = None
    target_model: str | None = None
    target_container: str | None = None


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
