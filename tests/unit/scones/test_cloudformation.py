"""Stacks in states that a deployment does not expect: the error names the state and the command that resolves it."""

import io
import json
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
from scones.stack.cloudformation import HALF_UPDATED, Stack
from scones.stack.description import DEAD
from scones.stack.outputs import require_workflow, stack_of

MakeContext = Callable[..., Context]
DeployStack = Callable[..., None]
TEMPLATE = '{"Parameters": {"Name": {"Type": "String"}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
THEIRS = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
ANOTHER = TEMPLATE.replace("Topic", "Other", 1)


@pytest.fixture
def context(make_context: MakeContext, deploy_stack: DeployStack) -> Context:
    """A context with a stack of ours."""
    context = make_context()
    deploy_stack(context, TEMPLATE, Name="one")
    return context


def set_status(context: Context, status: str) -> None:
    """Set a status that moto's stacks never reach by themselves."""
    (stack,) = cloudformation_backends[context.account][context.region].stacks.values()
    stack.status = status


def propose(context: Context, template: str, name: str) -> str | None:
    stack = stack_of(context)
    return stack.propose(template, {"Name": name}, stack.settled())


def change_sets(context: Context) -> list[str]:
    listed = context.client("cloudformation").list_change_sets(StackName=context.settings.stack)["Summaries"]
    return [item["Status"] for item in listed if item["ExecutionStatus"] == "AVAILABLE"]


@pytest.mark.parametrize(("status", "command"), HALF_UPDATED.items())
def test_a_half_done_update_names_the_command_that_resolves_it(context: Context, status: str, command: str) -> None:
    set_status(context, status)
    message = f"stack scones-unlimited is {status}: .* Run `aws cloudformation {command} --stack-name scones-unlimited`"
    with pytest.raises(StackError, match=message):
        propose(context, ANOTHER, "one")


def test_a_foreign_stack_is_not_changed(make_context: MakeContext) -> None:
    context = make_context()
    context.client("cloudformation").create_stack(StackName=context.settings.stack, TemplateBody=THEIRS)
    with pytest.raises(StackError, match=r"belongs to somebody else: .* choose another name with STACK"):
        propose(context, TEMPLATE, "one")


@pytest.mark.parametrize("status", sorted(DEAD))
def test_a_dead_stack_is_not_deleted_without_consent(
    context: Context, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_status(context, status)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(ConsentError, match=r"Delete what is left of stack scones-unlimited .*YES=1"):
        delete_dead(context)
    assert stack_of(context).describe() is not None


def test_a_dead_stack_is_deleted_after_consent(context: Context, make_context: MakeContext) -> None:
    set_status(context, "ROLLBACK_COMPLETE")
    delete_dead(make_context(yes="yes"))
    assert stack_of(context).describe() is None


def test_a_usable_stack_is_not_deleted(context: Context) -> None:
    delete_dead(context)
    assert stack_of(context).describe() is not None


def delete_dead(context: Context) -> None:
    stack = stack_of(context)
    deploy.delete_dead(context, stack, stack.settled())


def interrupt_at(context: Context, operation: str, after: str) -> None:
    """Press Ctrl-C at the first request of an operation after another operation."""
    events, seen = context.client("cloudformation").meta.events, []

    def notice(**_: Any) -> None:
        seen.append(after)

    def interrupt(**_: Any) -> None:
        if seen:
            raise KeyboardInterrupt

    events.register(f"after-call.cloudformation.{after}", notice)
    events.register(f"before-call.cloudformation.{operation}", interrupt)


def test_an_interrupted_change_set_is_discarded(make_context: MakeContext) -> None:
    context = make_context()
    interrupt_at(context, "DescribeChangeSet", after="CreateChangeSet")
    with pytest.raises(KeyboardInterrupt):
        propose(context, TEMPLATE, "one")
    assert stack_of(context).describe() is None


def test_a_change_set_that_aws_still_computes_is_discarded_later(make_context: MakeContext) -> None:
    context, refusals = make_context(), iter(range(2))

    def refuse(**_: Any) -> None:
        for _refusal in refusals:
            error = {"Code": "InvalidChangeSetStatus", "Message": "it is CREATE_IN_PROGRESS"}
            raise ClientError({"Error": error}, "DeleteChangeSet")

    interrupt_at(context, "DescribeChangeSet", after="CreateChangeSet")
    context.client("cloudformation").meta.events.register("before-call.cloudformation.DeleteChangeSet", refuse)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        propose(context, TEMPLATE, "one")
    assert stack_of(context).describe() is None
    assert not hasattr(interrupted.value, "__notes__")


def test_a_change_set_that_cannot_be_discarded_is_named(make_context: MakeContext) -> None:
    context = make_context()

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "DeleteChangeSet")

    interrupt_at(context, "DescribeChangeSet", after="CreateChangeSet")
    context.client("cloudformation").meta.events.register("before-call.cloudformation.DeleteChangeSet", refuse)
    with pytest.raises(KeyboardInterrupt) as interrupted:
        propose(context, TEMPLATE, "one")
    (note,) = interrupted.value.__notes__
    assert "of stack scones-unlimited still exists (An error occurred (AccessDenied)" in note


def test_another_change_set_keeps_its_stack_in_review(make_context: MakeContext) -> None:
    context = make_context()
    theirs, ours = (propose(context, TEMPLATE, name) for name in ("one", "two"))
    assert ours
    stack_of(context).discard(ours)
    listed = context.client("cloudformation").list_change_sets(StackName=context.settings.stack)["Summaries"]
    assert [item["ChangeSetId"] for item in listed] == [theirs]


def test_an_interrupted_change_leaves_the_stack(context: Context) -> None:
    interrupt_at(context, "DescribeChangeSet", after="CreateChangeSet")
    with pytest.raises(KeyboardInterrupt):
        propose(context, ANOTHER, "one")
    assert change_sets(context) == []
    assert stack_of(context).require().status == "CREATE_COMPLETE"


def test_interrupting_a_deployment_notes_that_it_continues(context: Context, make_context: MakeContext) -> None:
    context = make_context(confirm="no")
    interrupt_at(context, "DescribeStacks", after="ExecuteChangeSet")
    stack = stack_of(context)
    current = stack.settled()
    with pytest.raises(KeyboardInterrupt) as interrupted:
        deploy.change(context, stack, current, deploy.Plan(ANOTHER, {}, {"Name": "one"}))
    (note,) = interrupted.value.__notes__
    assert re.fullmatch(
        r"the deployment of stack scones-unlimited \(`scones deploy` waits for it and continues.*", note
    )


def test_interrupting_a_deletion_notes_that_it_continues(context: Context, make_context: MakeContext) -> None:
    context = make_context(yes="yes")
    interrupt_at(context, "DescribeStacks", after="DeleteStack")
    with pytest.raises(KeyboardInterrupt) as interrupted:
        destroy.destroy(context)
    assert "the deletion of stack scones-unlimited" in interrupted.value.__notes__[0]


def test_a_setting_that_returns_to_its_default_is_shown(context: Context, screen: object) -> None:
    current = stack_of(context).settled()
    deploy.show_changed_settings(context, current, {"Name": "two", "FilterCode": "another.zip"})
    assert str(screen).splitlines()[-1] == "   Name: one → two"


class LongLived:
    """CloudFormation with a stack that has thousands of events, newest first."""

    pages = 0

    def describe_stacks(self, **_: str) -> dict[str, Any]:
        return {"Stacks": [{"StackName": "old", "StackStatus": "UPDATE_COMPLETE"}]}

    def get_paginator(self, _: str) -> "LongLived":
        return self

    def paginate(self, **_: str) -> Iterator[dict[str, Any]]:
        for page in range(100):
            self.pages += 1
            yield {"StackEvents": [{"EventId": f"{page}-{number}"} for number in range(100)]}


def test_only_new_events_are_read(screen: Any) -> None:
    """Events are read every second, and AWS throttles readers."""
    cloudformation = LongLived()
    assert Stack("old", cloudformation, screen.console).settled() is not None
    assert cloudformation.pages == 2


def test_the_workflow_asks_the_endpoint_of_the_stack_whatever_the_settings_name(
    make_context: MakeContext, deploy_stack: DeployStack
) -> None:
    machine = {
        "RoleArn": "arn:aws:iam::123456789012:role/states",
        "DefinitionString": '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}',
    }
    template = {
        "Parameters": {name: {"Type": "String"} for name in ("EndpointName", "Threshold")},
        "Resources": {"ClassifyWorkflow": {"Type": "AWS::StepFunctions::StateMachine", "Properties": machine}},
    }
    context = make_context(endpoint_name="another")
    deploy_stack(context, json.dumps(template), EndpointName="deployed", Threshold="0.93")
    assert require_workflow(context).endpoint == "deployed"
