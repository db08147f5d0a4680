"""Records of data capture, byte for byte as AWS writes them."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sagemaker_emulator.resources.endpoint_config import DataCapture


@dataclass(frozen=True)
class Payload:
    body: bytes
    content_type: str


@dataclass(frozen=True)
class CapturedInvocation:
    """Request and response of one InvokeEndpoint call."""

    endpoint_name: str
    variant_name: str
    request: Payload
    response: Payload
    inference_id: str | None
    custom_attributes: str | None


def capture_record(capture: DataCapture, invocation: CapturedInvocation, now: datetime) -> str:
    """Return one line of a capture file, ending in LF, with its keys in AWS's order."""
    data: dict[str, dict[str, str]] = {}
    if "Input" in capture.modes:
        data["endpointInput"] = _side(capture, "INPUT", invocation.request)
    if "Output" in capture.modes:
        data["endpointOutput"] = _side(capture, "OUTPUT", invocation.response)
    metadata: dict[str, Any] = {"eventId": str(uuid.uuid4()), "inferenceTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")}
    if invocation.inference_id is not None:
        metadata["inferenceId"] = invocation.inference_id
    if invocation.custom_attributes is not None:
        metadata["customAttributes"] = [invocation.custom_attributes]
    record = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    return json.dumps(record, separators=(",", ":"), ensure_ascii=False) + "\n"


def _side(capture: DataCapture, mode: str, payload: Payload) -> dict[str, str]:
    encoding = _encoding(capture, payload.content_type)
    if encoding != "BASE64":
        try:
            text = payload.body.decode()
        except UnicodeDecodeError:
            encoding = "BASE64"
    if encoding == "BASE64":
        text = base64.b64encode(payload.body).decode()
    return {"observedContentType": payload.content_type, "mode": mode, "data": text, "encoding": encoding}


def _encoding(capture: DataCapture, content_type: str) -> str:
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in capture.json_types:
        return "JSON"
    return "CSV" if media_type in capture.csv_types else "BASE64"
