"""A stack in a state that a deployment does not expect: said by name, with what gets a person out of it."""

import io
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.cloudformation.models import cloudformation_backends

from scones.context import Context
from scones.deployment import deploy
from scones.errors import ConsentError, StackError
from scones.removal import destroy
from scones.stack import outputs
from scones.stack.cloudformation import DEAD, HALF_MADE, Stack

MakeContext = Callable[..., Context]
TEMPLATE = '{"Parameters": {"Name": {"Type": "String"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
THEIRS = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
ANOTHER = TEMPLATE.replace("Topic", "Other", 1)


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    """With a stack of ours."""
    made = make_context()
    outputs.stack_of(made).deploy(TEMPLATE, {"Name": "one"})
    return made


def left_in(context: Context, status: str) -> None:
    """moto's stacks do not come into such a state by themselves."""
    (stack,) = cloudformation_backends[context.account][context.region].stacks.values()
    stack.status = status


def change_sets(context: Context) -> list[str]:
    listed = context.client("cloudformation").list_change_sets(StackName=context.settings.stack)["Summaries"]
    return [item["Status"] for item in listed if item["ExecutionStatus"] == "AVAILABLE"]


@pytest.mark.parametrize(("status", "command"), HALF_MADE.items())
def test_an_update_that_was_left_half_made_is_finished_by_a_person(context: Context, status: str, command: str) -> None:
    left_in(context, status)
    words = f"stack scones-unlimited is {status}, .*: run `aws cloudformation {command} --stack-name scones-unlimited`"
    with pytest.raises(StackError, match=words):
        outputs.stack_of(context).propose(ANOTHER, {"Name": "one"})


def test_a_stack_of_somebody_else_is_not_changed(make_context: MakeContext) -> None:
    context = make_context()
    context.client("cloudformation").create_stack(StackName=context.settings.stack, TemplateBody=THEIRS)
    with pytest.raises(StackError, match=r"is somebody else's: .* name another one with STACK"):
        outputs.stack_of(context).propose(TEMPLATE, {"Name": "one"})


@pytest.mark.parametrize("status", sorted(DEAD))
def test_what_a_failed_deployment_left_is_not_deleted_unasked(
    context: Context, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_in(context, status)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(ConsentError, match=r"Delete what is left of stack scones-unlimited .*YES=1"):
        deploy.remove_dead(context)
    assert outputs.stack_of(context).describe() is not None


def test_what_a_failed_deployment_left_is_deleted_after_consent(context: Context, make_context: MakeContext) -> None:
    left_in(context, "ROLLBACK_COMPLETE")
    deploy.remove_dead(make_context(yes="yes"))
    assert outputs.stack_of(context).describe() is None


def test_a_stack_that_works_is_not_dead(context: Context) -> None:
    deploy.remove_dead(context)
    assert outputs.stack_of(context).describe() is not None


def interrupt_at(context: Context, operation: str, after: str) -> None:
    """Ctrl-C at the first such request after another one."""
    events, seen = context.client("cloudformation").meta.events, []

    def notice(**_: Any) -> None:
        seen.append(after)

    def interrupt(**_: Any) -> None:
        if seen:
            raise KeyboardInterrupt

    events.register(f"after-call.cloudformation.{after}", notice)
    events.register(f"before-call.cloudformation.{operation}", interrupt)


def test_a_change_set_that_is_interrupted_is_taken_back(make_context: MakeContext) -> None:
    context = make_context()
    interrupt_at(context, "DescribeChangeSet", after="CreateChangeSet")
    with pytest.raises(KeyboardInterrupt):
        outputs.stack_of(context).propose(TEMPLATE, {"Name": "one"})
    assert outputs.stack_of(context).describe() is None


def test_a_change_set_that_is_still_computed_is_taken_back_a_little_later(make_context: MakeContext) -> None:
    context, refusals = make_context(), iter(range(2))

    def refuse(**_: Any) -> None:
        for _refusal in refusals:
            said = {"Code": "InvalidChangeSetStatus", "Message": "it is CREATE_IN_PROGRESS"}
            raise ClientError({"Error": said}, "DeleteChangeSet")

    interrupt_at(context, "DescribeChangeSet", after="CreateChangeSet")
    context.client("cloudformation").meta.events.register("before-call.cloudformation.DeleteChangeSet", refuse)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        outputs.stack_of(context).propose(TEMPLATE, {"Name": "one"})
    assert outputs.stack_of(context).describe() is None
    assert not hasattr(interrupted.value, "__notes__")


def test_a_change_set_that_cannot_be_taken_back_is_named(make_context: MakeContext) -> None:
    context = make_context()

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteChangeSet")

    interrupt_at(context, "DescribeChangeSet", after="CreateChangeSet")
    context.client("cloudformation").meta.events.register("before-call.cloudformation.DeleteChangeSet", refuse)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        outputs.stack_of(context).propose(TEMPLATE, {"Name": "one"})
    (note,) = interrupted.value.__notes__
    assert "of stack scones-unlimited is left (An error occurred (AccessDenied)" in note


def test_a_change_set_of_somebody_else_keeps_its_stack(make_context: MakeContext) -> None:
    context = make_context()
    theirs, ours = (outputs.stack_of(context).propose(TEMPLATE, {"Name": name}) for name in ("one", "two"))
    assert ours
    outputs.stack_of(context).discard(ours)
    listed = context.client("cloudformation").list_change_sets(StackName=context.settings.stack)["Summaries"]
    assert [item["ChangeSetId"] for item in listed] == [theirs]


def test_a_change_of_a_stack_that_is_interrupted_leaves_the_stack(context: Context) -> None:
    interrupt_at(context, "DescribeChangeSet", after="CreateChangeSet")
    with pytest.raises(KeyboardInterrupt):
        outputs.stack_of(context).propose(ANOTHER, {"Name": "one"})
    assert change_sets(context) == []
    assert outputs.require_stack(context)["StackStatus"] == "CREATE_COMPLETE"


def test_who_interrupts_a_deployment_is_told_that_it_goes_on(context: Context, make_context: MakeContext) -> None:
    context = make_context(confirm="no")
    interrupt_at(context, "DescribeStacks", after="ExecuteChangeSet")
    with pytest.raises(KeyboardInterrupt) as interrupted:
        deploy.change(context, ANOTHER, {}, {"Name": "one"})
    (note,) = interrupted.value.__notes__
    assert re.fullmatch(r"the deployment of stack scones-unlimited \(`scones deploy` waits for it.*", note)


def test_who_interrupts_a_deletion_is_told_that_it_goes_on(context: Context, make_context: MakeContext) -> None:
    context = make_context(yes="yes")
    interrupt_at(context, "DescribeStacks", after="DeleteStack")
    with pytest.raises(KeyboardInterrupt) as interrupted:
        destroy.destroy(context)
    assert "the deletion of stack scones-unlimited" in interrupted.value.__notes__[0]


def test_a_setting_that_goes_back_to_its_default_is_shown(context: Context, screen: object) -> None:
    deploy.show_settings(context, {"Name": "two", "FilterCode": "another.zip"})
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
