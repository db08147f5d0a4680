"""The one quota that is emulated: instances of one job or variant, or of the training jobs that a tuning job runs."""

from __future__ import annotations

from sagemaker_emulator.errors import resource_limit_exceeded

INSTANCES_MAX = 20  # AWS's usual quota for an instance type


def require_quota(instance_type: str, count: int, use: str) -> None:
    """Raise ResourceLimitExceeded, in AWS's words: every instance is a process or container of this machine."""
    if count > INSTANCES_MAX:
        raise resource_limit_exceeded(
            f"The account-level service limit '{instance_type} for {use} usage' is {INSTANCES_MAX} Instances, with "
            f"current utilization of 0 Instances and a request delta of {count} Instances. Please use AWS Service "
            "Quotas to request an increase for this quota. If AWS Service Quotas is not available, contact AWS support "
            "to request an increase for this quota."
        )
