"""Common parts of targets, policies and activities: the namespace, pages, and AWS's words for what does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sagemaker_emulator.errors import validation
from sagemaker_emulator.resources.scaling.scalable_target import NAMESPACE
from sagemaker_emulator.wire import AwsError

MAX_RESULTS = 50


def require_namespace(request: dict[str, Any]) -> None:
    """Raise ValidationException for the namespace of another service, whose capacities are not emulated."""
    if request["ServiceNamespace"] != NAMESPACE:
        raise validation(f"The service namespace {request['ServiceNamespace']} is not emulated: {NAMESPACE} is.")


def not_found(what: str, resource_id: str, dimension: str, rest: str = "") -> AwsError:
    return AwsError(
        "ObjectNotFoundException",
        f"No {what} for service namespace: {NAMESPACE}, resource ID: {resource_id}, scalable dimension: "
        f"{dimension}{rest}",
    )


def page_of(key: str, described: Sequence[dict[str, Any]], request: dict[str, Any]) -> dict[str, Any]:
    """Return one page of an answer. A token is the number of the first entry of the next page."""
    size = request.get("MaxResults", MAX_RESULTS)
    if not 1 <= size <= MAX_RESULTS:
        raise validation(f"MaxResults {size} must be between 1 and {MAX_RESULTS}.")
    token = request.get("NextToken", "0")
    if not (token.isascii() and token.isdigit() and len(token) < 10):
        raise AwsError("InvalidNextTokenException", f"The next token {token[:100]!r} is invalid.")
    start = int(token)
    answer: dict[str, Any] = {key: list(described[start : start + size])}
    return answer | ({"NextToken": str(start + size)} if start + size < len(described) else {})


def matches(record: Any, request: dict[str, Any]) -> bool:
    """Return whether a policy or an activity belongs to the resource and dimension that a Describe request names."""
    wanted = {"ResourceId": record.resource_id, "ScalableDimension": record.dimension}
    return all(request.get(member, value) == value for member, value in wanted.items())
