"""The message in a cause of Step Functions, which is often the whole JSON of an error or of a job's description."""

import json
from typing import Any

MESSAGES = ("errorMessage", "FailureReason", "ErrorMessage", "StatusReason", "StoppedReason")
"""Where a message is, in this order: in errors of Lambda, SageMaker's jobs, and those of Glue, Batch and ECS."""
INNER = "Cause"
"""Where the cause of an execution is that another one has waited for."""


def cause_text(cause: str) -> str:
    """Return the message in a cause. Return other causes unchanged, among them JSON without a message."""
    description = members_of(cause)
    for name in MESSAGES:
        if description.get(name):
            return str(description[name])
    if isinstance(inner := description.get(INNER), str) and inner:
        return cause_text(inner)
    status = next((value for name, value in description.items() if name.endswith("JobStatus")), None)
    return f"The job is {status}" if status else cause


def cause_of(error: str, cause: str) -> str:
    """Return the message in a cause without the error's name at its beginning, as `THRESHOLD_CONFIDENCE_NOT_MET: `."""
    text = cause_text(cause)
    start, separator, rest = text.partition(": ")
    is_name = separator and error and start.replace("_", "").lower() == error.replace("_", "").lower()
    return rest if is_name else text


def members_of(text: str) -> dict[str, Any]:
    """Return the members of a JSON object; none if the text is something else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
