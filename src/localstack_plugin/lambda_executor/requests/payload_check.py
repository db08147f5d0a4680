"""The check of payloads before an invocation, also of those by other services."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from localstack.aws.api.lambda_ import (
    InvalidRequestContentException,
    InvocationType,
    RequestTooLargeException,
    ResourceNotFoundException,
)
from localstack.services.lambda_.invocation.models import lambda_stores
from localstack.utils.aws.arns import lambda_function_arn

from localstack_plugin.lambda_executor.requests.payloads import not_json, too_large
from localstack_plugin.replacing import wrap


def install() -> None:
    wrap(
        "localstack.services.lambda_.invocation.lambda_service:LambdaService.invoke",
        wrapper=checked,
        why="LocalStack invokes functions with any payload, and answers with a 500 if the version does not exist. Here "
        "a missing version is a ResourceNotFoundException. A payload above AWS's limit is refused with "
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
        check_version(**named)
        return invoke(*arguments, **named)

    return checked_invoke


def check_version(function_name: str, qualifier: str | None, region: str, account_id: str, **_: Any) -> None:
    """ResourceNotFoundException if there is no version of this number. Functions and aliases are left to LocalStack."""
    if not qualifier or not qualifier.isdecimal():
        return
    function = lambda_stores[account_id][region].functions.get(function_name)
    if function and qualifier not in function.versions:
        arn = lambda_function_arn(function_name, account_id, region)
        raise ResourceNotFoundException(f"Function not found: {arn}:{qualifier}", Type="User")
