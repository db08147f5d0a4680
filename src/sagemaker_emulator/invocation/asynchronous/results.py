"""The result of an asynchronous invocation, and the message that SNS gets about it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sagemaker_emulator.resources.async_invocation import AsyncInvocation, InvokeEndpointAsyncRequest
from sagemaker_emulator.resources.endpoint_config import AsyncInference

MESSAGE_MAX_BYTES = 256 << 10  # SNS's limit; an answer that does not fit is left out
MESSAGE_ROOM_BYTES = 4096  # for everything in a message but the answer


@dataclass(frozen=True)
class Result:
    """`failure_reason` is None for success. `head` is the answer, or its beginning if it is too long for SNS."""

    failure_reason: str | None
    content_type: str | None = None
    location: str | None = None
    head: bytes = b""

    def topic(self, config: AsyncInference) -> str | None:
        return config.error_topic if self.failure_reason else config.success_topic

    def is_included(self, config: AsyncInference) -> bool:
        """Whether the message contains the answer: the configuration asks for it, and it fits as base64."""
        kind = "ERROR_NOTIFICATION_TOPIC" if self.failure_reason else "SUCCESS_NOTIFICATION_TOPIC"
        return kind in config.responses_in and len(self.head) * 4 // 3 < MESSAGE_MAX_BYTES - MESSAGE_ROOM_BYTES


def notification(
    invocation: AsyncInvocation, result: Result, config: AsyncInference, region: str, now: datetime
) -> str:
    """Return the message for SNS, with its keys in AWS's order."""
    message: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _iso(now),
        "receivedTime": _iso(datetime.fromtimestamp(invocation.created, UTC)),
        "invocationStatus": "Failed" if result.failure_reason else "Completed",
        "failureReason": result.failure_reason,
        "requestParameters": _request_parameters(invocation.request),
        "responseParameters": _present({"contentType": result.content_type, "outputLocation": result.location}),
        "responseBody": _body(result) if result.is_included(config) else None,
        "inferenceId": invocation.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    return json.dumps(_present(message), separators=(",", ":"))


def _request_parameters(request: InvokeEndpointAsyncRequest) -> dict[str, str]:
    parameters = {
        "accept": request.accept,
        "contentType": request.content_type,
        "customAttributes": request.custom_attributes,
        "endpointName": request.endpoint_name,
        "inputLocation": request.input_location,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def _body(result: Result) -> dict[str, str]:
    return {"content": base64.b64encode(result.head).decode(), "encoding": "BASE64"}


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {})}


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
