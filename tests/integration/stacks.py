"""A CloudFormation stack of a test."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

END_TIMEOUT_S = 300.0  # for what takes seconds at most, also on a machine with ten times its load
AnyClient = Callable[[str], Any]


class AnyStack:
    """A stack and what CloudFormation says about it. `id` is empty until it is created."""

    def __init__(self, client: AnyClient, kind: str) -> None:
        self.cloudformation, self.s3 = client("cloudformation"), client("s3")
        self.name = f"{kind}-{uuid4().hex[:8]}"
        self.id = ""

    def create_from(self, body: str, **options: Any) -> Any:
        """Create the stack, and return its description when that has ended."""
        self.id = self.cloudformation.create_stack(StackName=self.name, TemplateBody=body, **options)["StackId"]
        return self.ended()

    def update_to(self, body: str, **options: Any) -> Any:
        self.cloudformation.update_stack(StackName=self.name, TemplateBody=body, **options)
        return self.ended()

    def delete(self, **options: Any) -> Any:
        self.cloudformation.delete_stack(StackName=self.name, **options)
        return self.ended()

    def ended(self) -> Any:
        deadline = time.monotonic() + END_TIMEOUT_S
        while time.monotonic() < deadline:
            (stack,) = self.cloudformation.describe_stacks(StackName=self.id)["Stacks"]
            if not stack["StackStatus"].endswith("IN_PROGRESS"):
                return stack
            time.sleep(0.1)
        raise AssertionError(f"{self.name} is {stack['StackStatus']} after {END_TIMEOUT_S:g} s")

    def remove(self) -> None:
        """Delete the stack if it is there."""
        if self.id and self.ended()["StackStatus"] != "DELETE_COMPLETE":
            assert self.delete()["StackStatus"] == "DELETE_COMPLETE"

    def events(self) -> list[tuple[str, str]]:
        """Return the names of the resources and their statuses, the oldest first."""
        return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in self._events()]

    def reasons(self) -> str:
        return "\n".join(event.get("ResourceStatusReason") or "" for event in self._events())

    def outputs(self) -> dict[str, str]:
        return {item["OutputKey"]: item["OutputValue"] for item in self.ended().get("Outputs", [])}

    def _events(self) -> list[dict[str, Any]]:
        events = self.cloudformation.describe_stack_events(StackName=self.id)["StackEvents"]
        return list(reversed(events))
