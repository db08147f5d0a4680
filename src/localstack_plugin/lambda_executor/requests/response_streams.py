"""InvokeWithResponseStream, whose answer is an event stream.

docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html. Python functions do not stream on AWS either:
the whole answer is one PayloadChunk, and InvokeComplete has the error and the log.
"""

import json
from typing import Any, Final

from localstack.aws.api import RequestContext
from localstack.aws.api.lambda_ import InvocationType
from localstack.aws.protocol.serializer import RestJSONResponseSerializer
from localstack.http import Response

from localstack_plugin.replacing import replace

CONTENT_TYPE: Final = "application/vnd.amazon.eventstream"
SERIALIZER: Final = RestJSONResponseSerializer()


def install() -> None:
    replace(
        "localstack.services.lambda_.provider:LambdaProvider.invoke_with_response_stream",
        by=invoke_with_response_stream,
        why="LocalStack lacks InvokeWithResponseStream. The function is invoked as by Invoke, and its answer is sent "
        "as an event stream.",
    )


def invoke_with_response_stream(
    self: Any, context: RequestContext, function_name: str, invocation_type: str | None = None, **parameters: Any
) -> Response:
    invocation_type = invocation_type or InvocationType.RequestResponse
    answer = self.invoke(context, function_name, invocation_type=invocation_type, **parameters)
    response = Response(status=answer["StatusCode"], content_type=CONTENT_TYPE)
    if version := answer.get("ExecutedVersion"):
        response.headers["X-Amz-Executed-Version"] = version
    if invocation_type == InvocationType.RequestResponse:
        response.data = event_stream(answer)
    return response


def event_stream(answer: dict[str, Any]) -> bytes:
    """Return the events of Invoke's answer."""
    payload = answer.get("Payload") or b""
    payload = payload.encode() if isinstance(payload, str) else bytes(payload)
    complete = {}
    if error := answer.get("FunctionError"):
        complete = {"ErrorCode": error, "ErrorDetails": payload.decode(errors="replace")}
    if log := answer.get("LogResult"):
        complete["LogResult"] = log
    return frame("PayloadChunk", payload) + frame("InvokeComplete", json.dumps(complete).encode())


def frame(event_type: str, content: bytes) -> bytes:
    return bytes(SERIALIZER._encode_event_payload(event_type, content))
