"""A stack in a state that a deployment does not expect: said by name, with what gets a person out of it."""

import io
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends

from scones import deploy, destroy, workflow
from scones.errors import ConsentError, StackError
from scones.kit import Kit
from scones.stack import DEAD, HALF_MADE, Stack

MakeKit = Callable[..., Kit]
TEMPLATE = '{"Parameters": {"Name": {"Type": "String"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
THEIRS = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
ANOTHER = TEMPLATE.replace("Topic", "Other", 1)


@pytest.fixture
def kit(make_kit: MakeKit) -> Kit:
    """With a stack of ours."""
    made = make_kit()
    workflow.stack_of(made).deploy(TEMPLATE, {"Name": "one"})
    return made


def left_in(kit: Kit, status: str) -> None:
    """moto's stacks do not come into such a state by themselves."""
    (stack,) = cloudformation_backends[kit.account][kit.region].stacks.values()
    stack.status = status


def change_sets(kit: Kit) -> list[str]:
    listed = kit.client("cloudformation").list_change_sets(StackName=kit.settings.stack)["Summaries"]
    return [item["Status"] for item in listed if item["ExecutionStatus"] == "AVAILABLE"]


@pytest.mark.parametrize(("status", "command"), HALF_MADE.items())
def test_an_update_that_was_left_half_made_is_finished_by_a_person(kit: Kit, status: str, command: str) -> None:
    left_in(kit, status)
    words = f"stack scones-unlimited is {status}, .*: run `aws cloudformation {command} --stack-name scones-unlimited`"
    with pytest.raises(StackError, match=words):
        workflow.stack_of(kit).propose(ANOTHER, {"Name": "one"})


def test_a_stack_of_somebody_else_is_not_changed(make_kit: MakeKit) -> None:
    kit = make_kit()
    kit.client("cloudformation").create_stack(StackName=kit.settings.stack, TemplateBody=THEIRS)
    with pytest.raises(StackError, match=r"is somebody else's: .* name another one with STACK"):
        workflow.stack_of(kit).propose(TEMPLATE, {"Name": "one"})


@pytest.mark.parametrize("status", sorted(DEAD))
def test_what_a_failed_deployment_left_is_not_deleted_unasked(
    kit: Kit, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_in(kit, status)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(ConsentError, match=r"Delete what is left of stack scones-unlimited .*YES=1"):
        deploy.remove_dead(kit)
    assert workflow.stack_of(kit).describe() is not None


def test_what_a_failed_deployment_left_is_deleted_when_it_is_agreed_to(kit: Kit, make_kit: MakeKit) -> None:
    left_in(kit, "ROLLBACK_COMPLETE")
    deploy.remove_dead(make_kit(yes="yes"))
    assert workflow.stack_of(kit).describe() is None


def test_a_stack_that_works_is_not_dead(kit: Kit) -> None:
    deploy.remove_dead(kit)
    assert workflow.stack_of(kit).describe() is not None


def interrupt_at(kit: Kit, operation: str, after: str) -> None:
    """Ctrl-C at the first such request after another one."""
    events, seen = kit.client("cloudformation").meta.events, []

    def notice(**_: Any) -> None:
        seen.append(after)

    def interrupt(**_: Any) -> None:
        if seen:
            raise KeyboardInterrupt

    events.register(f"after-call.cloudformation.{after}", notice)
    events.register(f"before-call.cloudformation.{operation}", interrupt)


def test_a_change_set_that_is_interrupted_is_taken_back(make_kit: MakeKit) -> None:
    kit = make_kit()
    interrupt_at(kit, "DescribeChangeSet", after="CreateChangeSet")
    with pytest.raises(KeyboardInterrupt):
        workflow.stack_of(kit).propose(TEMPLATE, {"Name": "one"})
    assert workflow.stack_of(kit).describe() is None


def test_a_change_set_that_is_still_computed_is_taken_back_a_little_later(make_kit: MakeKit) -> None:
    kit, refusals = make_kit(), iter(range(2))

    def refuse(**_: Any) -> None:
        for _refusal in refusals:
            said = {"Code": "InvalidChangeSetStatus", "Message": "it is CREATE_IN_PROGRESS"}
            raise ClientError({"Error": said}, "DeleteChangeSet")

    interrupt_at(kit, "DescribeChangeSet", after="CreateChangeSet")
    kit.client("cloudformation").meta.events.register("before-call.cloudformation.DeleteChangeSet", refuse)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        workflow.stack_of(kit).propose(TEMPLATE, {"Name": "one"})
    assert workflow.stack_of(kit).describe() is None
    assert not hasattr(interrupted.value, "__notes__")


def test_a_change_set_that_cannot_be_taken_back_is_named(make_kit: MakeKit) -> None:
    kit = make_kit()

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteChangeSet")

    interrupt_at(kit, "DescribeChangeSet", after="CreateChangeSet")
    kit.client("cloudformation").meta.events.register("before-call.cloudformation.DeleteChangeSet", refuse)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        workflow.stack_of(kit).propose(TEMPLATE, {"Name": "one"})
    (note,) = interrupted.value.__notes__
    assert "of stack scones-unlimited is left (An error occurred (AccessDenied)" in note


def test_a_change_set_of_somebody_else_keeps_its_stack(make_kit: MakeKit) -> None:
    kit = make_kit()
    theirs, ours = (workflow.stack_of(kit).propose(TEMPLATE, {"Name": name}) for name in ("one", "two"))
    assert ours
    workflow.stack_of(kit).discard(ours)
    listed = kit.client("cloudformation").list_change_sets(StackName=kit.settings.stack)["Summaries"]
    assert [item["ChangeSetId"] for item in listed] == [theirs]


def test_a_change_of_a_stack_that_is_interrupted_leaves_the_stack(kit: Kit) -> None:
    interrupt_at(kit, "DescribeChangeSet", after="CreateChangeSet")
    with pytest.raises(KeyboardInterrupt):
        workflow.stack_of(kit).propose(ANOTHER, {"Name": "one"})
    assert change_sets(kit) == []
    assert workflow.require_stack(kit)["StackStatus"] == "CREATE_COMPLETE"


def test_who_interrupts_a_deployment_is_told_that_it_goes_on(kit: Kit, make_kit: MakeKit) -> None:
    kit = make_kit(confirm="no")
    interrupt_at(kit, "DescribeStacks", after="ExecuteChangeSet")
    with pytest.raises(KeyboardInterrupt) as interrupted:
        deploy.change(kit, ANOTHER, {}, {"Name": "one"})
    (note,) = interrupted.value.__notes__
    assert re.fullmatch(r"the deployment of stack scones-unlimited \(`scones deploy` waits for it.*", note)


def test_who_interrupts_a_deletion_is_told_that_it_goes_on(kit: Kit, make_kit: MakeKit) -> None:
    kit = make_kit(yes="yes")
    interrupt_at(kit, "DescribeStacks", after="DeleteStack")
    with pytest.raises(KeyboardInterrupt) as interrupted:
        destroy.destroy(kit)
    assert "the deletion of stack scones-unlimited" in interrupted.value.__notes__[0]


def test_a_setting_that_goes_back_to_its_default_is_shown(kit: Kit, screen: object) -> None:
    deploy.show_settings(kit, {"Name": "two", "FilterCode": "another.zip"})
    assert str(screen).splitlines()[-1] == "   Name: one → two"


class LongLived:
    """CloudFormation with a stack that was deployed a thousand times: events by the hundred, newest first."""

    pages = 0

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": "UPDATE_COMPLETE"}]}

    def get_paginator(self, _: str) -> "LongLived":
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        for page in range(100):
            self.pages += 1
            yield {"StackEvents": [{"EventId": f"{page}-{number}"} for number in range(100)]}


def test_no_more_events_are_read_than_are_new(screen: Any) -> None:
    """They are read every second, and AWS throttles."""
    cloudformation = LongLived()
    assert Stack("old", cloudformation, screen.console).settled() is not None
    assert cloudformation.pages == 2
