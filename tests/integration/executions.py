"""Executions of state machines in tests."""

from typing import Any

import boto3
from tests.waiting import until


def end_of(arn: str) -> dict[str, Any]:
    """Return an execution when it has ended."""
    client = boto3.client("stepfunctions")

    def ended() -> dict[str, Any] | None:
        described: dict[str, Any] = client.describe_execution(executionArn=arn)
        return None if described["status"] == "RUNNING" else described

    return until(ended, f"the end of {arn}")
