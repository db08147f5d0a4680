"""Child workflows, as DescribeExecution and the result files describe them."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

Child = dict[str, Any]


def started(map_state_machine_arn: str) -> Child:
    """Return a new child workflow with a name and an ARN of its own."""
    name = str(uuid4())
    return {
        "ExecutionArn": f"{map_state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}",
        "Name": name,
        "StartDate": timestamp(),
        "StateMachineArn": map_state_machine_arn,
    }


def succeeded(child: Child, child_input: str, output: str) -> Child:
    return _ended(child, child_input) | {
        "Status": "SUCCEEDED",
        "Output": output,
        "OutputDetails": {"Included": True},
    }


def failed(child: Child, child_input: str, error: str, cause: str) -> Child:
    return _ended(child, child_input) | {"Status": "FAILED", "Error": error, "Cause": cause}


def _ended(child: Child, child_input: str) -> Child:
    return child | {"Input": child_input, "InputDetails": {"Included": True}, "StopDate": timestamp()}


def timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
