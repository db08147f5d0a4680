"""How an asynchronous invocation ended, and the message that SNS gets of it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sagemaker_emulator.resources.async_invocation import AsyncInvocation
from sagemaker_emulator.resources.endpoint_config import AsyncInference

MESSAGE_MAX_BYTES = 256 << 10  # SNS takes no more; an answer that does not fit is left out
REQUEST_PARAMETERS = {
    "accept": "Accept",
    "contentType": "ContentType",
    "customAttributes": "CustomAttributes",
    "endpointName": "EndpointName",
    "inputLocation": "InputLocation",
}


@dataclass(frozen=True)
class Result:
    """`failure_reason` is None for success. `head` is the answer, or its beginning where it is too long for SNS."""

    failure_reason: str | None
    content_type: str | None = None
    location: str | None = None
    head: bytes = b""

    def topic(self, config: AsyncInference) -> str | None:
        return config.error_topic if self.failure_reason else config.success_topic

    def is_included(self, config: AsyncInference) -> bool:
        kind = "ERROR_NOTIFICATION_TOPIC" if self.failure_reason else "SUCCESS_NOTIFICATION_TOPIC"
        return kind in config.responses_in and len(self.head) * 4 // 3 < MESSAGE_MAX_BYTES - 4096


def message(invocation: AsyncInvocation, result: Result, config: AsyncInference, region: str) -> str:
    """Keys in AWS's order."""
    request = invocation.request
    said: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _iso(datetime.now(UTC)),
        "receivedTime": _iso(datetime.fromtimestamp(invocation.created, UTC)),
        "invocationStatus": "Failed" if result.failure_reason else "Completed",
        "failureReason": result.failure_reason,
        "requestParameters": {key: request[name] for key, name in REQUEST_PARAMETERS.items() if name in request},
        "responseParameters": _present({"contentType": result.content_type, "outputLocation": result.location}),
        "responseBody": _body(result) if result.is_included(config) else None,
        "inferenceId": invocation.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    return json.dumps(_present(said), separators=(",", ":"))


def _body(result: Result) -> dict[str, str]:
    return {"content": base64.b64encode(result.head).decode(), "encoding": "BASE64"}


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, {})}


def _iso(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
