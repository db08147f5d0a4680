"""Attempts of a step: the names of what they create, and the next attempt or the final failure."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any

from sagemaker_emulator.aws_clients.clients import is_temporary
from sagemaker_emulator.pipelines.definitions.errors import ExpressionError
from sagemaker_emulator.pipelines.definitions.retry_policies import (
    INTERRUPTED,
    RESOURCE_LIMIT,
    SERVICE_FAULT,
    THROTTLING,
    RetryPolicy,
    policy_for,
)
from sagemaker_emulator.pipelines.definitions.steps import Step
from sagemaker_emulator.pipelines.steps.progress import FAILED_BY_CLIENT, Progress, failed
from sagemaker_emulator.resources.model_building.execution import StepExecution
from sagemaker_emulator.storage.disk_full import is_disk_full
from sagemaker_emulator.wire import AwsError

ALPHABET = string.ascii_letters + string.digits
ID_LENGTH, SUFFIX_LENGTH, STEP_LENGTH = 12, 10, 20
CALLS = {"Callback": "sqs:SendMessage", "Lambda": "lambda:Invoke"}
EXCEPTION_TYPES: Mapping[str, str] = {
    "ResourceLimitExceeded": RESOURCE_LIMIT,
    "ThrottlingException": THROTTLING,
    "InternalFailure": SERVICE_FAULT,
    "ServiceUnavailable": SERVICE_FAULT,
}


def new_execution_id() -> str:
    return "".join(secrets.choice(string.ascii_lowercase + string.digits) for _ in range(ID_LENGTH))


def resource_name(step: Step, execution_id: str) -> str:
    """Return a new name for what an attempt creates, as AWS forms it: pipelines-<execution>-<step>-<suffix>.

    The names of tuning jobs are short and leave `pipelines-` out. A name in the arguments is a prefix, for which the
    SDK has `use_custom_job_prefix`. For other steps it is the token: of a callback, or of a new model version.
    """
    suffix = "".join(secrets.choice(ALPHABET) for _ in range(SUFFIX_LENGTH))
    if step.kind.name_member is None:
        return f"{execution_id}-{suffix}" if step.kind.operation else suffix
    name_max, end = step.kind.name_max, f"-{suffix}"
    if isinstance(prefix := step.arguments.get(step.kind.name_member), str):
        end = f"-{execution_id}-{suffix}"
        return _cut(prefix, name_max - len(end)) + end
    start = f"pipelines-{execution_id}-" if step.type != "Tuning" else f"{execution_id}-"
    return start + _cut(step.name, min(STEP_LENGTH, name_max - len(start) - len(end))) + end


def _cut(name: str, length: int) -> str:
    return name.replace("_", "-").strip("-")[:length].rstrip("-") or "x"


def refused(step: Step, error: Exception) -> Progress:
    """Return the failure of an attempt that could not begin, in AWS's words."""
    if isinstance(error, ExpressionError):
        return failed(f"{FAILED_BY_CLIENT}{error}")
    details = error.message if isinstance(error, AwsError) else str(error)
    call = f"sagemaker:{step.kind.operation}" if step.kind.operation else CALLS.get(step.type)
    text = f"Failed to invoke {call}. Error Details: {details}" if call else details
    return failed(f"{FAILED_BY_CLIENT}{text}", {}, _exception_type(error))


def _exception_type(error: Exception) -> str | None:
    if isinstance(error, AwsError):
        return EXCEPTION_TYPES.get(error.code)
    return SERVICE_FAULT if is_temporary(error) or is_disk_full(error) else None


def pause_after(step: Step, record: StepExecution, progress: Progress) -> float | None:
    """Return the seconds until another attempt, or None for a failure that is the step's end."""
    policy = policy_for(step.retry_policies, progress.exception_type)
    if policy is None:
        return None
    since_first_s = record.first_failure.seconds_ago() if record.first_failure else 0.0
    return policy.pause_s(record.failures, since_first_s)


def final_reason(step: Step, record: StepExecution, progress: Progress) -> str:
    """Return the FailureReason of a step without another attempt. AWS says why there is none."""
    reason = progress.failure_reason or ""
    exception_type = progress.exception_type
    if exception_type in (None, INTERRUPTED):
        return reason
    policy = policy_for(step.retry_policies, exception_type)
    return (
        f"{reason}\nRetry not appropriate on execution of step with PipelineExecutionArn {record.execution_arn} and "
        f"StepId {record.step}. {_why_not(policy)} {str(exception_type).upper().replace('.', '_')}."
    )


def _why_not(policy: RetryPolicy | None) -> str:
    if policy is None:
        return "No retry policy configured for the exception type"
    return "The retry policy allows no further attempt for the exception type"


def evaluated_keys(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members beside Arguments on which a cached result depends."""
    return {name: value for name, value in members.items() if name != "FailOnViolation"}
