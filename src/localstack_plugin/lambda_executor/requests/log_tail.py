"""The LogResult of an invocation."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from functools import wraps
from typing import Any

from localstack_plugin.replacing import wrap


def install() -> None:
    wrap(
        "localstack.services.lambda_.provider:LambdaProvider.invoke",
        wrapper=with_log_from_start,
        why="LocalStack's LogResult of a cold start has the lines of the initialization. On AWS it begins with START.",
    )


def with_log_from_start(invoke: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(invoke)
    def invoke_with_log(provider: Any, context: Any, *arguments: Any, **named: Any) -> Any:
        response = invoke(provider, context, *arguments, **named)
        if "LogResult" in response:
            log = from_start(b64decode(response["LogResult"]), context.request_id)
            response["LogResult"] = b64encode(log).decode()
        return response

    return invoke_with_log


def from_start(log: bytes, request_id: str) -> bytes:
    """Return the log without what stands before the invocation's START line, which may have been cut off."""
    start = log.find(f"START RequestId: {request_id} ".encode())
    return log[start:] if start > 0 else log
