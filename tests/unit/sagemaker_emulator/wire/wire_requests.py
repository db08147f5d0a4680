"""Requests as a client would put them on the wire."""

import json

from sagemaker_emulator.wire import HttpRequest
from sagemaker_emulator.wire.model import Value


def sagemaker_request(operation: str, document: Value) -> HttpRequest:
    return sagemaker_body(operation, json.dumps(document).encode())


def sagemaker_body(operation: str, body: bytes) -> HttpRequest:
    headers = {"X-Amz-Target": f"SageMaker.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    return HttpRequest("POST", "/", "", headers, body)


def invocation(endpoint: str = "scones", body: bytes = b"{}", **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("POST", f"/endpoints/{endpoint}/invocations", "", named, body)
