"""Retry policies of a step (docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html)."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sagemaker_emulator.pipelines.definitions.errors import DefinitionError

SERVICE_FAULT, THROTTLING = "Step.SERVICE_FAULT", "Step.THROTTLING"
INTERNAL_ERROR = "SageMaker.JOB_INTERNAL_ERROR"
CAPACITY_ERROR, RESOURCE_LIMIT = "SageMaker.CAPACITY_ERROR", "SageMaker.RESOURCE_LIMIT"
INTERRUPTED = "the emulator went down"  # not AWS's: such an attempt is always made again
SYNONYMS = {"SageMaker.JOB_CAPACITY_ERROR": CAPACITY_ERROR}  # the documentation has both
EXCEPTION_TYPES = (SERVICE_FAULT, THROTTLING, INTERNAL_ERROR, CAPACITY_ERROR, RESOURCE_LIMIT)
MAX_ATTEMPTS = 20
EXPIRE_AFTER_MIN_MAX = 14_400
DEFAULT_INTERVAL_S, DEFAULT_BACKOFF_RATE, DEFAULT_ATTEMPTS = 1, 2.0, 5
PAUSE_MAX_S = 86_400.0


@dataclass(frozen=True)
class RetryPolicy:
    """Another attempt after a failure of one of the types, up to a number of attempts or a time."""

    exception_types: frozenset[str]
    interval_s: float = DEFAULT_INTERVAL_S
    backoff_rate: float = DEFAULT_BACKOFF_RATE
    max_attempts: int | None = None
    expire_after_s: float | None = None

    @classmethod
    def parse(cls, wire: Any) -> RetryPolicy:
        if not isinstance(wire, dict):
            raise DefinitionError("RetryPolicies must be a list of objects.")
        named = wire.get("ExceptionType")
        types = [SYNONYMS.get(str(name), str(name)) for name in named] if isinstance(named, list) else []
        if not types or set(types) - set(EXCEPTION_TYPES):
            raise DefinitionError(
                f"RetryPolicies: ExceptionType must name some of {list(EXCEPTION_TYPES)}, not {types}."
            )
        minutes = _number(wire, "ExpireAfterMin", None, EXPIRE_AFTER_MIN_MAX)
        attempts = _number(wire, "MaxAttempts", None, MAX_ATTEMPTS)
        if minutes is None and attempts is None:
            raise DefinitionError("RetryPolicies: one of MaxAttempts and ExpireAfterMin is required.")
        return cls(
            frozenset(types),
            _number(wire, "IntervalSeconds", DEFAULT_INTERVAL_S) or 0.0,
            _number(wire, "BackoffRate", DEFAULT_BACKOFF_RATE) or 0.0,
            None if attempts is None else int(attempts),
            None if minutes is None else minutes * 60.0,
        )

    def pause_s(self, failures: int, since_first_s: float) -> float | None:
        """Return the seconds until the next attempt, or None if there is none.

        `failures` are those before this one; `since_first_s` are the seconds since the first of them.
        """
        if self.max_attempts is not None and failures >= self.max_attempts:
            return None
        pause_s = self._pause_s(failures)
        if self.expire_after_s is not None and since_first_s + pause_s > self.expire_after_s:
            return None
        return pause_s

    def _pause_s(self, failures: int) -> float:
        try:
            return min(PAUSE_MAX_S, self.interval_s * self.backoff_rate**failures)
        except OverflowError:
            return PAUSE_MAX_S if self.interval_s else 0.0


def retry_policies_of(wires: Any) -> tuple[RetryPolicy, ...]:
    if not isinstance(wires, list):
        raise DefinitionError("RetryPolicies must be a list of objects.")
    return tuple(RetryPolicy.parse(wire) for wire in wires)


# After faults and throttling, AWS tries again by itself, unless a policy of the step names them. After an interruption,
# only this emulator does.
DEFAULTS = (
    RetryPolicy(frozenset({SERVICE_FAULT, THROTTLING}), max_attempts=DEFAULT_ATTEMPTS),
    RetryPolicy(frozenset({INTERRUPTED}), interval_s=0.0),
)


def policy_for(policies: Sequence[RetryPolicy], exception_type: str | None) -> RetryPolicy | None:
    """Return the first policy that covers a failure."""
    return next((policy for policy in (*policies, *DEFAULTS) if exception_type in policy.exception_types), None)


def _number(wire: dict[str, Any], member: str, default: float | None, maximum: float | None = None) -> float | None:
    value = wire.get(member, default)
    if value is None:
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= (sys.float_info.max if maximum is None else maximum):  # NaN is in no range
        limits = "of at least 0" if maximum is None else f"from 0 to {maximum}"
        raise DefinitionError(f"RetryPolicies: {member} must be a number {limits}, not {value!r}.")
    return float(value)
