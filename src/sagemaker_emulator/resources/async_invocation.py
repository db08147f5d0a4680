"""An accepted request to InvokeEndpointAsync that is not finished."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import msgspec

from sagemaker_emulator.resources.moment import Moment

TTL_S = 21_600
TIMEOUT_S = 900


class InvokeEndpointAsyncRequest(msgspec.Struct, frozen=True, omit_defaults=True, rename="pascal"):
    """The request without its Body, stored as the wire spells it. None stands for a member that was left out."""

    endpoint_name: str
    content_type: str | None = None
    accept: str | None = None
    custom_attributes: str | None = None
    inference_id: str | None = None
    input_location: str | None = None
    output_path_extension: str = msgspec.field(default="", name="S3OutputPathExtension")
    filename: str | None = None
    ttl_s: float = msgspec.field(default=TTL_S, name="RequestTTLSeconds")
    timeout_s: float = msgspec.field(default=TIMEOUT_S, name="InvocationTimeoutSeconds")


@dataclass(frozen=True)
class AsyncInvocation:
    """`input_uri` is None for a payload that came with the request. `endpoint_created` distinguishes endpoints that
    had the same name one after the other.
    """

    kind: ClassVar[str] = "async-invocation"

    name: str
    arn: str
    endpoint_name: str
    endpoint_created: float
    inference_id: str
    request: InvokeEndpointAsyncRequest
    input_uri: str | None
    output_uri: str
    failure_uri: str | None
    created: float
    received: Moment | None = None

    @property
    def has_expired(self) -> bool:
        """Whether the request has been in the queue for too long, whatever the wall clock says."""
        received = self.received or Moment(self.created, 0.0, "of a version that kept epoch seconds only")
        return received.seconds_ago() > self.request.ttl_s

    @property
    def timeout_s(self) -> float:
        return self.request.timeout_s
