"""The limits of an invocation's payload."""

import json
from typing import NoReturn

# docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
REQUEST_BYTES = 6 * 1024 * 1024
EVENT_BYTES = 1024 * 1024


def too_large(payload: bytes, is_event: bool) -> str | None:
    """Return AWS's message for a payload that is too large, or None."""
    if is_event and len(payload) > EVENT_BYTES:
        return f"{len(payload)} byte payload is too large for the Event invocation type (limit {EVENT_BYTES} bytes)"
    if len(payload) > REQUEST_BYTES:
        return f"Request must be smaller than {REQUEST_BYTES} bytes for the InvokeFunction operation"
    return None


def not_json(payload: bytes) -> str | None:
    """Return the message for a payload that is not JSON, or None. No payload at all is allowed."""
    try:
        if payload:
            json.loads(payload, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        return f"Could not parse request body into json: Could not parse payload into json: {error}"
    return None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"Unrecognized token {name!r}")
