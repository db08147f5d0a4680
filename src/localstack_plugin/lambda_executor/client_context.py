"""The client context of an invocation, which the function has as `context.client_context`.

Invoke takes it as base64; the Runtime API hands it on as JSON (docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html).
"""

import binascii
import json
from base64 import b64decode
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, Final

from localstack_plugin.replacing import wrap

CURRENT: Final[ContextVar[str | None]] = ContextVar("CURRENT", default=None)
"""The client context of the invocation that this thread hands to its environment, as JSON in ASCII."""


def install() -> None:
    wrap(
        "localstack.services.lambda_.invocation.execution_environment:ExecutionEnvironment.invoke",
        wrapper=carrying,
        why="LocalStack does not pass the ClientContext of Invoke to the function. The function has it.",
    )


def carrying(original: Callable[..., Any]) -> Callable[..., Any]:
    def invoke(self: Any, invocation: Any) -> Any:
        token = CURRENT.set(decoded(invocation.client_context))
        try:
            return original(self, invocation)
        finally:
            CURRENT.reset(token)

    return invoke


def decoded(client_context: str | None) -> str | None:
    """Return the JSON, or None if the text is not a JSON object in base64."""
    if not client_context:
        return None
    try:
        value = json.loads(b64decode(client_context, validate=True))
    except (binascii.Error, ValueError):
        return None
    return json.dumps(value) if isinstance(value, dict) else None
