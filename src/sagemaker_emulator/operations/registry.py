"""The emulated operations of four services.

Those of the runtime run on the event loop, those of SageMaker, sagemaker-metrics and Application Auto Scaling in
threads.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from sagemaker_emulator.errors import validation
from sagemaker_emulator.repeated import repeated
from sagemaker_emulator.sagemaker import SageMaker

Request: TypeAlias = dict[str, Any]
Response: TypeAlias = dict[str, Any]
Operation: TypeAlias = Callable[[SageMaker, Request], Response]
RuntimeOperation: TypeAlias = Callable[[SageMaker, Request], Awaitable[Response]]

OPERATIONS: dict[str, Operation] = {}
WAITING_OPERATIONS: set[str] = set()  # those of OPERATIONS that ask S3 or the engine, and so may have to wait
RUNTIME_OPERATIONS: dict[str, RuntimeOperation] = {}
METRICS_OPERATIONS: dict[str, Operation] = {}


def operation(name: str, waits: bool = False) -> Callable[[Operation], Operation]:
    """Register an operation. One that `waits` runs in threads of its own, so that the others always answer."""

    def register(function: Operation) -> Operation:
        OPERATIONS[name] = function
        if waits:
            WAITING_OPERATIONS.add(name)
        return function

    return register


def metrics_operation(name: str) -> Callable[[Operation], Operation]:
    """Register an operation of the service sagemaker-metrics."""

    def register(function: Operation) -> Operation:
        METRICS_OPERATIONS[name] = function
        return function

    return register


def runtime_operation(name: str) -> Callable[[RuntimeOperation], RuntimeOperation]:
    def register(function: RuntimeOperation) -> RuntimeOperation:
        RUNTIME_OPERATIONS[name] = function
        return function

    return register


def tags_of(request: Request) -> dict[str, str]:
    """Return the tags of a request. ValidationException for a key that occurs twice or that AWS reserves."""
    keys = [tag["Key"] for tag in request.get("Tags", ())]
    for key, count in repeated(keys).items():
        raise validation(f"Tag keys must be unique within a request: {key!r} occurs {count} times.")
    for key in keys:
        if key.lower().startswith("aws:"):
            raise validation(f"Tag keys that begin with aws: are reserved for AWS; choose another key than {key!r}.")
    return {tag["Key"]: tag["Value"] for tag in request.get("Tags", ())}


def listed(key: str, summaries: list[Response], next_token: str | None) -> Response:
    return {key: summaries} if next_token is None else {key: summaries, "NextToken": next_token}
