"""An invocation that a function's process is asked for, and its outcome."""

from dataclasses import dataclass

MAX_RESPONSE_BYTES = 6 * 1024 * 1024 + 100


@dataclass(frozen=True)
class Invocation:
    request_id: str
    function_arn: str
    trace_id: str
    payload: bytes
    deadline_ms: int
    client_context: str | None = None
    """JSON in ASCII."""


@dataclass(frozen=True)
class Outcome:
    payload: bytes
    is_error: bool
