"""A CloudFormation stack, deployed by change set and followed event by event."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from scones.console import Console, Meter, keeps_running
from scones.context import PROJECT_TAG
from scones.errors import StackError, code_of, message_of
from scones.polling import poll

TIMEOUT_S = 900
DISCARD_TIMEOUT_S, DISCARD_POLL_S = 30, 0.2
EMPTY = ("didn't contain changes", "no updates are to be performed")
USABLE = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"}
# Resources in these states are there, and have a physical id.
EXISTING = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "DELETE_FAILED"}
# Stacks in these states can only be deleted.
DEAD = {"ROLLBACK_COMPLETE", "CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED"}
# In these, an update was left half made; by what a person gets out of them.
HALF_MADE = {"UPDATE_ROLLBACK_FAILED": "continue-update-rollback", "UPDATE_FAILED": "rollback-stack"}


@dataclass(frozen=True)
class Change:
    action: str
    name: str
    resource_type: str
    replacement: str

    @classmethod
    def of(cls, change: Mapping[str, Any]) -> "Change":
        """AWS says of a replacement True, False or Conditional, and nothing where a resource is added or removed."""
        return cls(
            change["Action"],
            change["LogicalResourceId"],
            change["ResourceType"],
            {"True": "yes", "Conditional": "perhaps"}.get(change.get("Replacement", ""), ""),
        )


@dataclass(frozen=True)
class Stack:
    name: str
    cloudformation: BaseClient
    console: Console

    def describe(self) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in message_of(error):
                return None
            raise
        return None if found["StackStatus"] == "DELETE_COMPLETE" else found

    def deploy(self, template: str, parameters: Mapping[str, str]) -> bool:
        """Create or update. False if there was nothing to change."""
        change_set = self.propose(template, parameters)
        if change_set is not None:
            self.execute(change_set)
        return change_set is not None

    def propose(self, template: str, parameters: Mapping[str, str]) -> str | None:
        """A change set's ARN, None if there is nothing to change.

        Raises:
            StackError: the stack is somebody else's, or one that cannot be changed.
        """
        if (found := self.settled()) is not None:
            self._require_changeable(found)
        kind = "CREATE" if found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS" else "UPDATE"
        return self._change_set(template, parameters, kind)

    def changes(self, change_set: str) -> list[Change]:
        token: dict[str, str] = {}
        found: list[Change] = []
        while True:
            page = self.cloudformation.describe_change_set(ChangeSetName=change_set, StackName=self.name, **token)
            found += [Change.of(item["ResourceChange"]) for item in page["Changes"] if "ResourceChange" in item]
            if not page.get("NextToken"):
                return found
            token = {"NextToken": page["NextToken"]}

    def execute(self, change_set: str) -> None:
        newest = self._newest_event()
        self.cloudformation.execute_change_set(ChangeSetName=change_set, StackName=self.name)
        with keeps_running(f"the deployment of stack {self.name} (`scones deploy` waits for it, and goes on)"):
            self._follow(newest)

    def discard(self, change_set: str) -> None:
        """A stack that has nothing but this change set goes with it.

        Raises:
            ClientError: InvalidChangeSetStatus, if AWS computes the change set for longer than DISCARD_TIMEOUT_S.
        """
        self._delete_change_set(change_set)
        found = self.describe()
        if (
            found is not None
            and found["StackStatus"] == "REVIEW_IN_PROGRESS"
            and not self._other_change_sets(change_set)
        ):
            self.cloudformation.delete_stack(StackName=self.name)

    def _delete_change_set(self, change_set: str) -> None:
        """AWS does not delete one that it still computes."""
        for waited_s in poll(2 * DISCARD_TIMEOUT_S, DISCARD_POLL_S):
            try:
                self.cloudformation.delete_change_set(ChangeSetName=change_set, StackName=self.name)
                return
            except ClientError as error:
                if code_of(error) != "InvalidChangeSetStatus" or waited_s > DISCARD_TIMEOUT_S:
                    raise

    def _other_change_sets(self, change_set: str) -> bool:
        pages = self.cloudformation.get_paginator("list_change_sets").paginate(StackName=self.name)
        return any(item["ChangeSetId"] != change_set for page in pages for item in page["Summaries"])

    def resources(self, resource_type: str) -> dict[str, str]:
        """Physical ids by logical ones."""
        pages = self.cloudformation.get_paginator("list_stack_resources").paginate(StackName=self.name)
        found = [item for page in pages for item in page["StackResourceSummaries"]]
        return {
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for item in found
            if item["ResourceType"] == resource_type and item["ResourceStatus"] in EXISTING
        }

    def delete(self) -> bool:
        if self.settled() is None:
            return False
        newest = self._newest_event()
        self.cloudformation.delete_stack(StackName=self.name)
        with keeps_running(f"the deletion of stack {self.name} (`scones destroy` waits for it, and goes on)"):
            final = self._settled(newest)
        if final is not None:
            raise StackError(f"stack {self.name} is {final['StackStatus']}: {self._first_failure(newest)}")
        return True

    def settled(self) -> Mapping[str, Any] | None:
        """The stack once nothing moves in it, None if there is none; shows what happens meanwhile."""
        return self._settled(self._newest_event())

    def _require_changeable(self, found: Mapping[str, Any]) -> None:
        status = found["StackStatus"]
        if PROJECT_TAG not in found.get("Tags", []) and status != "REVIEW_IN_PROGRESS":
            raise StackError(
                f"stack {self.name} is somebody else's: it has no tag {PROJECT_TAG['Key']}={PROJECT_TAG['Value']}, and "
                "is left as it is; name another one with STACK"
            )
        if status in HALF_MADE:
            raise StackError(
                f"stack {self.name} is {status}, from an update that neither went through nor could be undone: run "
                f"`aws cloudformation {HALF_MADE[status]} --stack-name {self.name}`, and deploy again"
            )
        if status in DEAD:
            raise StackError(f"stack {self.name} is {status}, and can only be deleted: run `scones destroy`")

    def _change_set(self, template: str, parameters: Mapping[str, str], kind: str) -> str | None:
        made = self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=f"change-{time.time_ns()}",
            ChangeSetType=kind,
            TemplateBody=template,
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM"],
            Tags=[PROJECT_TAG],
        )
        arn: str = made["Id"]
        with ExitStack() as unless_made:
            unless_made.push(partial(self._take_back, arn))
            changes = self._has_changes(arn)
        if changes:
            return arn
        self.cloudformation.delete_change_set(ChangeSetName=arn, StackName=self.name)
        return None

    def _take_back(self, change_set: str, _: object, reason: BaseException | None, __: object) -> None:
        """After an error, or Ctrl-C, which is not hidden by another error."""
        if reason is None:
            return
        try:
            self.discard(change_set)
        except (BotoCoreError, ClientError) as error:
            reason.add_note(f"change set {change_set} of stack {self.name} is left ({error})")

    def _has_changes(self, change_set: str) -> bool:
        status = ""
        for _ in poll(TIMEOUT_S):
            answer = self.cloudformation.describe_change_set(ChangeSetName=change_set, StackName=self.name)
            status, reason = answer["Status"], answer.get("StatusReason", "")
            if status == "CREATE_COMPLETE":
                return True
            if status == "FAILED":
                if any(words in reason.lower() for words in EMPTY):
                    return False
                raise StackError(f"the change set of stack {self.name} failed: {reason}")
        raise StackError(f"the change set of stack {self.name} was still {status} after {TIMEOUT_S} s")

    def _events(self, after: str | None) -> list[Mapping[str, Any]]:
        """Those newer than one, oldest first. A stack that has lived long has thousands, and AWS throttles reading."""
        found: list[Mapping[str, Any]] = []
        for event in self._newest_first():
            if event["EventId"] == after:
                break
            found.append(event)
        return found[::-1]

    def _newest_event(self) -> str | None:
        return next((event["EventId"] for event in self._newest_first()), None)

    def _newest_first(self) -> Iterator[Mapping[str, Any]]:
        try:
            for page in self.cloudformation.get_paginator("describe_stack_events").paginate(StackName=self.name):
                yield from page["StackEvents"]
        except ClientError as error:
            if "does not exist" not in message_of(error):
                raise

    def _settled(self, newest: str | None) -> Mapping[str, Any] | None:
        """As `settled`; shows the events that are newer than one."""
        status = ""
        with self.console.meter(f"Stack {self.name}") as meter:
            for _ in poll(TIMEOUT_S):
                found = self.describe()
                newest = self._show(newest, meter)
                if found is None or not self._moves(found["StackStatus"]):
                    return found
                status = found["StackStatus"]
        raise StackError(f"stack {self.name} was still {status} after {TIMEOUT_S} s: look at its events")

    @staticmethod
    def _moves(status: str) -> bool:
        return status.endswith("_IN_PROGRESS") and status != "REVIEW_IN_PROGRESS"

    def _show(self, newest: str | None, meter: Meter) -> str | None:
        for event in self._events(newest):
            meter.update(f"{event['ResourceStatus']} {event['LogicalResourceId']}")
            newest = event["EventId"]
        return newest

    def _follow(self, newest: str | None) -> None:
        final = self._settled(newest)
        if final is None or final["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"}:
            status = "gone" if final is None else final["StackStatus"]
            raise StackError(f"stack {self.name} is {status}: {self._first_failure(newest)}")

    def _first_failure(self, newest: str | None) -> str:
        """The first resource that failed is the cause; the others were cancelled for it."""
        for event in self._events(newest):
            if event["ResourceStatus"].endswith("_FAILED"):
                return f"{event['LogicalResourceId']} ({event['ResourceType']}): {event.get('ResourceStatusReason')}"
        return "no resource says why; look at the stack's events"
