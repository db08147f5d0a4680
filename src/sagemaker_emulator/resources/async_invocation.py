"""A request to InvokeEndpointAsync that was acknowledged and is not done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

TTL_S = 21_600
TIMEOUT_S = 900


@dataclass(frozen=True)
class AsyncInvocation:
    """`input_uri` is None for a payload that came with the request. `endpoint_created` tells endpoints of one name
    apart.
    """

    kind: ClassVar[str] = "async-invocation"

    name: str
    arn: str
    endpoint_name: str
    endpoint_created: float
    inference_id: str
    request: dict[str, Any]
    input_uri: str | None
    output_uri: str
    failure_uri: str | None
    created: float

    @property
    def expires(self) -> float:
        return self.created + float(self.request.get("RequestTTLSeconds", TTL_S))

    @property
    def timeout_s(self) -> float:
        return float(self.request.get("InvocationTimeoutSeconds", TIMEOUT_S))
