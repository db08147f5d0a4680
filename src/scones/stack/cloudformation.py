"""One CloudFormation stack: changed by a change set, and followed event by event.

A deployment has two stages. `propose` creates a change set, which can be shown before anything changes; `execute` runs
it and follows its events to the end. A change set that is not executed is discarded, because it would keep a new stack
in review. CloudFormation throttles readers of events, so each poll reads only the pages with new ones.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from scones.aws_errors import code_of, message_of
from scones.console import Console, Meter, keeps_running
from scones.errors import MissingError, StackError
from scones.polling import poll
from scones.settings import PROJECT_TAG
from scones.stack.description import IN_REVIEW, StackDescription

TIMEOUT_S = 900
DISCARD_TIMEOUT_S, DISCARD_POLL_S = 30, 0.2
# The reasons with which CloudFormation fails a change set that changes nothing.
EMPTY = ("didn't contain changes", "no updates are to be performed")
# Resources in these states exist and have a physical id.
EXISTING = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"}
# In these states an update is only partly done. The values are the commands that resolve it.
HALF_UPDATED = {"UPDATE_ROLLBACK_FAILED": "continue-update-rollback", "UPDATE_FAILED": "rollback-stack"}


@dataclass(frozen=True)
class Change:
    """One line of a change set."""

    action: str
    name: str
    resource_type: str
    replacement: str

    @classmethod
    def from_wire(cls, change: Mapping[str, Any]) -> "Change":
        """Parse a ResourceChange. Replacement is True, False or Conditional; additions and removals have none."""
        replacement = {"True": "yes", "Conditional": "perhaps"}.get(change.get("Replacement", ""), "")
        return cls(change["Action"], change["LogicalResourceId"], change["ResourceType"], replacement)


@dataclass(frozen=True)
class Stack:
    """A stack by its name, whether it exists or not."""

    name: str
    cloudformation: BaseClient
    console: Console

    # ---- read ----

    def describe(self) -> StackDescription | None:
        """Return the stack's description, or None if there is no such stack."""
        try:
            answer = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in message_of(error):
                return None
            raise
        return None if answer["StackStatus"] == "DELETE_COMPLETE" else StackDescription.from_wire(answer)

    def require(self) -> StackDescription:
        """Return the description of a stack that is deployed.

        Raises:
            MissingError: there is no such stack, or it is not usable.
        """
        description = self.describe()
        if description is None or not description.is_usable:
            status = "does not exist" if description is None else f"is {description.status}"
            raise MissingError(f"stack {self.name} {status}: run `scones deploy` first")
        return description

    def resources(self, resource_type: str) -> dict[str, str]:
        """Return physical ids by logical ids."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        summaries = [item for page in pages for item in page["StackResourceSummaries"]]
        return {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for item in summaries
            if item["ResourceType"] == resource_type and item["ResourceStatus"] in EXISTING
        }

    def settled(self) -> StackDescription | None:
        """Wait until no operation on the stack is in progress, showing its events. Return the description then."""
        return self._settled(self._newest_event())

    # ---- change ----

    def propose(self, template: str, parameters: Mapping[str, str], current: StackDescription | None) -> str | None:
        """Create a change set. Return its ARN, or None if there is nothing to change.

        Raises:
            StackError: the current stack belongs to somebody else, or is in a state that cannot be changed.
        """
        if current is not None:
            _require_changeable(current)
        is_new = current is None or current.status == IN_REVIEW
        return self._change_set(template, parameters, "CREATE" if is_new else "UPDATE")

    def changes(self, change_set: str) -> list[Change]:
        token: dict[str, str] = {}
        changes: list[Change] = []
        while True:
            page = self.cloudformation.describe_change_set(ChangeSetName=change_set, StackName=self.name, **token)
            changes += [
                Change.from_wire(item["ResourceChange"]) for item in page["Changes"] if "ResourceChange" in item
            ]
            if not page.get("NextToken"):
                return changes
            token = {"NextToken": page["NextToken"]}

    def execute(self, change_set: str, expected: int | None = None) -> StackDescription:
        """Execute a change set and follow it to its end. Return the description of the changed stack.

        expected: number of resources that it changes, for the progress.

        Raises:
            StackError: the deployment failed; names the first resource that failed.
        """
        newest = self._newest_event()
        self.cloudformation.execute_change_set(ChangeSetName=change_set, StackName=self.name)
        with keeps_running(f"the deployment of stack {self.name} (`scones deploy` waits for it and continues)"):
            description = self._settled(newest, expected)
        if description is None or description.status not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            status = "gone" if description is None else description.status
            raise StackError(f"stack {self.name} is {status}: {self._first_failure(newest)}")
        return description

    def discard(self, change_set: str) -> None:
        """Delete a change set, and with it a stack that has nothing else.

        Raises:
            ClientError: InvalidChangeSetStatus, if AWS computes the change set for longer than DISCARD_TIMEOUT_S.
        """
        self._delete_change_set(change_set)
        description = self.describe()
        is_in_review = description is not None and description.status == IN_REVIEW
        if is_in_review and not self._has_other_change_sets(change_set):
            self.cloudformation.delete_stack(StackName=self.name)

    def delete(self) -> None:
        """Delete the stack, if it exists, and follow the deletion to its end."""
        if self.settled() is None:
            return
        newest = self._newest_event()
        self.cloudformation.delete_stack(StackName=self.name)
        with keeps_running(f"the deletion of stack {self.name} (`scones destroy` waits for it and continues)"):
            description = self._settled(newest)
        if description is not None:
            raise StackError(f"stack {self.name} is {description.status}: {self._first_failure(newest)}")

    # ---- change sets ----

    def _change_set(self, template: str, parameters: Mapping[str, str], change_set_type: str) -> str | None:
        answer = self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=f"change-{time.time_ns()}",
            ChangeSetType=change_set_type,
            TemplateBody=template,
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
            Tags=[PROJECT_TAG],
        )
        arn: str = answer["Id"]
        with ExitStack() as on_error:
            on_error.push(partial(self._discard_after_error, arn))
            has_changes = self._has_changes(arn)
        if has_changes:
            return arn
        self.cloudformation.delete_change_set(ChangeSetName=arn, StackName=self.name)
        return None

    def _discard_after_error(self, change_set: str, _: object, reason: BaseException | None, __: object) -> None:
        """Discard the change set after an error or Ctrl-C, which a second error must not hide."""
        if reason is None:
            return
        try:
            self.discard(change_set)
        except (BotoCoreError, ClientError) as error:
            reason.add_note(f"change set {change_set} of stack {self.name} still exists ({error})")

    def _delete_change_set(self, change_set: str) -> None:
        """Delete a change set. AWS refuses that while it computes the change set, so try for a while."""
        for waited_s in poll(2 * DISCARD_TIMEOUT_S, DISCARD_POLL_S):
            try:
                self.cloudformation.delete_change_set(ChangeSetName=change_set, StackName=self.name)
                return
            except ClientError as error:
                if code_of(error) != "InvalidChangeSetStatus" or waited_s > DISCARD_TIMEOUT_S:
                    raise

    def _has_other_change_sets(self, change_set: str) -> bool:
        pages = self.cloudformation.get_paginator("list_change_sets").paginate(StackName=self.name)
        return any(item["ChangeSetId"] != change_set for page in pages for item in page["Summaries"])

    def _has_changes(self, change_set: str) -> bool:
        """Wait until AWS has computed the change set."""
        status = ""
        for _ in poll(TIMEOUT_S):
            answer = self.cloudformation.describe_change_set(ChangeSetName=change_set, StackName=self.name)
            status, reason = answer["Status"], answer.get("StatusReason", "")
            if status == "CREATE_COMPLETE":
                return True
            if status == "FAILED":
                if any(phrase in reason.lower() for phrase in EMPTY):
                    return False
                raise StackError(f"the change set of stack {self.name} failed: {reason}")
        raise StackError(f"the change set of stack {self.name} was still {status} after {TIMEOUT_S} s")

    # ---- events ----

    def _settled(self, newest: str | None, expected: int | None = None) -> StackDescription | None:
        """Wait as `settled` does, showing the events after the newest one that is already known.

        expected: number of resources that will change, if it is known.
        """
        status = ""
        done: set[str] = set()
        with self.console.meter(f"Stack {self.name}", expected) as meter:
            for _ in poll(TIMEOUT_S):
                description = self.describe()
                newest = self._show_events(newest, meter, done)
                if description is None or not description.is_changing:
                    return description
                status = description.status
        raise StackError(f"stack {self.name} was still {status} after {TIMEOUT_S} s: look at its events")

    def _show_events(self, after: str | None, meter: Meter, done: set[str]) -> str | None:
        """Show the events, and note the resources that are complete in `done`."""
        for event in self._events(after):
            name = event["LogicalResourceId"]
            if event["ResourceStatus"].endswith("_COMPLETE") and name != self.name:
                done.add(name)
            meter.update(f"{event['ResourceStatus']} {name}", completed=len(done))
            after = event["EventId"]
        return after

    def _events(self, after: str | None) -> list[Mapping[str, Any]]:
        """Return the events after a given one, oldest first. An old stack has thousands, so stop reading there."""
        events: list[Mapping[str, Any]] = []
        for event in self._newest_first():
            if event["EventId"] == after:
                break
            events.append(event)
        return events[::-1]

    def _newest_event(self) -> str | None:
        return next((event["EventId"] for event in self._newest_first()), None)

    def _newest_first(self) -> Iterator[Mapping[str, Any]]:
        try:
            for page in self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.name):
                yield from page["StackEvents"]
        except ClientError as error:
            if "does not exist" not in message_of(error):
                raise

    def _first_failure(self, after: str | None) -> str:
        """Describe the first resource that failed: it is the cause, and CloudFormation cancels the others for it."""
        for event in self._events(after):
            if event["ResourceStatus"].endswith("_FAILED"):
                return f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason')}"
        return "no resource gives a reason; look at the stack's events"


def _require_changeable(stack: StackDescription) -> None:
    if not stack.is_ours and stack.status != IN_REVIEW:
        raise StackError(
            f"stack {stack.name} belongs to somebody else: it has no tag {PROJECT_TAG['Key']}={PROJECT_TAG['Value']} "
            "and is not changed; choose another name with STACK"
        )
    if stack.status in HALF_UPDATED:
        raise StackError(
            f"stack {stack.name} is {stack.status}: an update neither completed nor could be undone. Run "
            f"`aws cloudformation {HALF_UPDATED[stack.status]} --stack-name {stack.name}`, and deploy again"
        )
    if stack.is_dead:
        raise StackError(f"stack {stack.name} is {stack.status} and can only be deleted: run `scones destroy`")
