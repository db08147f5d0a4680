"""The check of payloads before an invocation, also of those by other services."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from localstack.aws.api.lambda_ import InvalidRequestContentException, InvocationType, RequestTooLargeException

from localstack_plugin.lambda_executor.requests.payloads import not_json, too_large
from localstack_plugin.replacing import wrap


def install() -> None:
    wrap(
        "localstack.services.lambda_.invocation.lambda_service:LambdaService.invoke",
        wrapper=checked,
        why="LocalStack invokes functions with any payload. A payload above AWS's limit is refused with "
        "RequestTooLargeException, and one that is not JSON with InvalidRequestContentException.",
    )


def checked(invoke: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(invoke)
    def checked_invoke(*arguments: Any, **named: Any) -> Any:
        payload = named.get("payload") or b""
        if message := too_large(payload, named.get("invocation_type") == InvocationType.Event):
            raise RequestTooLargeException(message, Type="User")
        if message := not_json(payload):
            raise InvalidRequestContentException(message, Type="User")
        return invoke(*arguments, **named)

    return checked_invoke
