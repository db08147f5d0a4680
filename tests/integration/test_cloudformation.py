"""How stacks end: as on AWS, with a status, reasons and resources that say what is there."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError
from tests.integration.stacks import AnyClient, AnyStack

FAILED_TO_CREATE = "The following resource(s) failed to create: [Bad]. "


class Stack(AnyStack):
    """One stack, whose queues begin with its name."""

    def __init__(self, client: AnyClient) -> None:
        super().__init__(client, "stack")
        self._sqs = client("sqs")

    def queue(self, name: str, **properties: Any) -> dict[str, Any]:
        return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{self.name}-{name}", **properties}}

    def bad(self, *after: str) -> dict[str, Any]:
        return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "not a name"}, "DependsOn": list(after)}

    def create(self, resources: dict[str, Any], **options: Any) -> Any:
        return self.create_from(template(resources), **options)

    def update(self, resources: dict[str, Any], **options: Any) -> Any:
        return self.update_to(template(resources), **options)

    def queues(self) -> list[str]:
        urls = self._sqs.list_queues(QueueNamePrefix=self.name).get("QueueUrls", [])
        return sorted(url.rpartition("/")[2].removeprefix(f"{self.name}-") for url in urls)

    def delete_queue(self, name: str) -> None:
        self._sqs.delete_queue(QueueUrl=self._sqs.get_queue_url(QueueName=f"{self.name}-{name}")["QueueUrl"])

    def delay_of(self, name: str) -> str:
        url = self._sqs.get_queue_url(QueueName=f"{self.name}-{name}")["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]
        delay: str = attributes["DelaySeconds"]
        return delay

    def states(self) -> dict[str, str]:
        listed = self.cloudformation.describe_stack_resources(StackName=self.id)["StackResources"]
        return {item["LogicalResourceId"]: item["ResourceStatus"] for item in listed}


def template(resources: dict[str, Any]) -> str:
    return json.dumps({"Resources": resources, "Outputs": {"First": {"Value": {"Ref": next(iter(resources))}}}})


@pytest.fixture
def stack(client: AnyClient) -> Iterator[Stack]:
    stack = Stack(client)
    yield stack
    stack.remove()
    assert stack.queues() == []


def half_good(stack: Stack) -> dict[str, Any]:
    return {"Good": stack.queue("good"), "Bad": stack.bad("Good"), "Late": stack.queue("late", DelaySeconds=1)}


@pytest.mark.parametrize(
    ("options", "status", "reason"),
    [
        ({}, "ROLLBACK_COMPLETE", f"{FAILED_TO_CREATE}Rollback requested by user."),
        ({"OnFailure": "ROLLBACK"}, "ROLLBACK_COMPLETE", f"{FAILED_TO_CREATE}Rollback requested by user."),
        ({"OnFailure": "DELETE"}, "DELETE_COMPLETE", f"{FAILED_TO_CREATE}Delete requested by user."),
        ({"OnFailure": "DO_NOTHING"}, "CREATE_FAILED", FAILED_TO_CREATE),
        ({"DisableRollback": True}, "CREATE_FAILED", FAILED_TO_CREATE),
    ],
)
def test_a_creation_that_fails_ends_as_its_failure_option_says(
    stack: Stack, options: dict[str, Any], status: str, reason: str
) -> None:
    ended = stack.create(half_good(stack), **options)
    assert (ended["StackStatus"], ended["StackStatusReason"]) == (status, reason)
    is_kept = status == "CREATE_FAILED"
    assert stack.queues() == (["good"] if is_kept else [])
    assert stack.states() == ({"Good": "CREATE_COMPLETE", "Bad": "CREATE_FAILED"} if is_kept else {})
    assert ("DeletionTime" in ended) == (status == "DELETE_COMPLETE")


def test_the_events_of_a_rollback_are_in_the_order_of_aws(stack: Stack) -> None:
    stack.create(half_good(stack))
    assert stack.events()[1:] == [
        ("Good", "CREATE_IN_PROGRESS"),
        ("Good", "CREATE_COMPLETE"),
        ("Bad", "CREATE_IN_PROGRESS"),
        ("Bad", "CREATE_FAILED"),
        (stack.name, "ROLLBACK_IN_PROGRESS"),
        ("Good", "DELETE_IN_PROGRESS"),
        ("Good", "DELETE_COMPLETE"),
        (stack.name, "ROLLBACK_COMPLETE"),
    ]


def test_a_waiter_for_a_creation_ends_when_it_was_rolled_back(stack: Stack) -> None:
    stack.create(half_good(stack))
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        stack.cloudformation.get_waiter("stack_create_complete").wait(StackName=stack.name)
    with pytest.raises(ClientError, match="is in ROLLBACK_COMPLETE state and can not be updated"):
        stack.update({"Good": stack.queue("good")})


@pytest.mark.parametrize(
    ("option", "disable_rollback", "status"),
    [
        (None, False, "ROLLBACK_COMPLETE"),
        (None, True, "CREATE_FAILED"),
        ("DELETE", False, "DELETE_COMPLETE"),
        ("DO_NOTHING", False, "CREATE_FAILED"),
    ],
)
def test_a_change_set_that_fails_to_create_a_stack_ends_as_its_failure_option_says(
    stack: Stack, option: str | None, disable_rollback: bool, status: str
) -> None:
    answer = stack.cloudformation.create_change_set(
        StackName=stack.name, ChangeSetName="new", ChangeSetType="CREATE", TemplateBody=template(half_good(stack)),
        **({"OnStackFailure": option} if option else {}),
    )  # fmt: skip
    stack.id = answer["StackId"]
    stack.cloudformation.execute_change_set(ChangeSetName=answer["Id"], DisableRollback=disable_rollback)
    assert stack.ended()["StackStatus"] == status
    assert stack.queues() == (["good"] if status == "CREATE_FAILED" else [])


def two_queues(stack: Stack) -> dict[str, Any]:
    return {
        "Kept": stack.queue("kept", DelaySeconds=1),
        "Replaced": stack.queue("old-name"),
        "Dropped": stack.queue("dropped"),
    }


def changed(stack: Stack) -> dict[str, Any]:
    return {
        "Kept": stack.queue("kept", DelaySeconds=2),
        "Replaced": stack.queue("new-name"),
        "New": stack.queue("new"),
    }


def changed_badly(stack: Stack) -> dict[str, Any]:
    return {**changed(stack), "Late": stack.queue("late"), "Bad": stack.bad("Kept", "Replaced", "New", "Late")}


def test_an_update_that_fails_is_rolled_back(stack: Stack) -> None:
    created = stack.create(two_queues(stack))
    ended = stack.update(changed_badly(stack))
    assert (ended["StackStatus"], ended["StackStatusReason"]) == ("UPDATE_ROLLBACK_COMPLETE", FAILED_TO_CREATE)
    assert ended["Outputs"] == created["Outputs"]
    assert stack.queues() == ["dropped", "kept", "old-name"]
    assert stack.delay_of("kept") == "1"
    assert set(stack.states()) == {"Kept", "Replaced", "Dropped"}
    assert set(stack.states().values()) <= {"CREATE_COMPLETE", "UPDATE_COMPLETE"}
    with pytest.raises(WaiterError, match="UPDATE_ROLLBACK_COMPLETE"):
        stack.cloudformation.get_waiter("stack_update_complete").wait(StackName=stack.name)


def test_after_a_rollback_the_same_update_can_succeed(stack: Stack) -> None:
    stack.create(two_queues(stack))
    stack.update(changed_badly(stack))
    ended = stack.update(changed(stack))
    assert (ended["StackStatus"], ended.get("StackStatusReason")) == ("UPDATE_COMPLETE", None)
    assert stack.queues() == ["kept", "new", "new-name"]
    assert stack.delay_of("kept") == "2"
    assert set(stack.states()) == {"Kept", "Replaced", "New"}


def test_an_update_without_rollback_keeps_what_was_done_and_the_next_one_completes_it(stack: Stack) -> None:
    stack.create(two_queues(stack))
    ended = stack.update(changed_badly(stack), DisableRollback=True)
    assert (ended["StackStatus"], ended["StackStatusReason"]) == ("UPDATE_FAILED", FAILED_TO_CREATE)
    assert stack.queues() == ["dropped", "kept", "late", "new", "new-name"]
    assert stack.states()["Bad"] == "CREATE_FAILED"
    assert stack.update(changed(stack))["StackStatus"] == "UPDATE_COMPLETE"
    assert stack.queues() == ["kept", "new", "new-name"]
    assert set(stack.states()) == {"Kept", "Replaced", "New"}


def test_a_change_set_for_a_stack_leaves_its_status(stack: Stack) -> None:
    stack.create(two_queues(stack))
    stack.update(changed_badly(stack))
    proposed = {"StackName": stack.name, "ChangeSetName": "next", "TemplateBody": template(changed_badly(stack))}
    change_set = stack.cloudformation.create_change_set(**proposed)["Id"]
    assert stack.ended()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    stack.cloudformation.execute_change_set(ChangeSetName=change_set)
    assert stack.ended()["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert stack.cloudformation.describe_change_set(ChangeSetName=change_set)["ExecutionStatus"] == "EXECUTE_FAILED"
    assert stack.queues() == ["dropped", "kept", "old-name"]


def test_an_update_can_use_the_previous_template(stack: Stack) -> None:
    stack.create(two_queues(stack))
    with pytest.raises(ClientError, match="No updates are to be performed"):
        stack.cloudformation.update_stack(StackName=stack.name, UsePreviousTemplate=True)


def test_a_deletion_that_fails_leaves_what_was_not_deleted_and_can_retain_it(stack: Stack) -> None:
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": stack.name}, "DependsOn": "Queue"}
    stack.create({"Queue": stack.queue("queue"), "Bucket": bucket})
    stack.s3.put_object(Bucket=stack.name, Key="data", Body=b"1")
    with pytest.raises(ClientError, match="only when the stack is in the DELETE_FAILED state"):
        stack.delete(RetainResources=["Bucket"])
    ended = stack.delete()
    assert ended["StackStatus"] == "DELETE_FAILED"
    assert ended["StackStatusReason"] == "The following resource(s) failed to delete: [Bucket]. "
    assert (stack.queues(), stack.states()) == ([], {"Bucket": "DELETE_FAILED"})
    with pytest.raises(WaiterError, match="DELETE_FAILED"):
        stack.cloudformation.get_waiter("stack_delete_complete").wait(StackName=stack.name)
    with pytest.raises(ClientError, match="must be in a valid state"):
        stack.delete(RetainResources=["Queue"])
    assert stack.delete(RetainResources=["Bucket"])["StackStatus"] == "DELETE_COMPLETE"
    assert ("Bucket", "DELETE_SKIPPED") in stack.events()
    stack.s3.delete_object(Bucket=stack.name, Key="data")
    stack.s3.delete_bucket(Bucket=stack.name)


def test_a_protected_stack_is_not_deleted(stack: Stack) -> None:
    stack.create({"Queue": stack.queue("queue")})
    protect = stack.cloudformation.update_termination_protection
    protect(StackName=stack.name, EnableTerminationProtection=True)
    with pytest.raises(ClientError, match="cannot be deleted while TerminationProtection is enabled"):
        stack.delete()
    protect(StackName=stack.name, EnableTerminationProtection=False)


def test_a_stack_that_is_refused_is_not_there(stack: Stack) -> None:
    body = json.dumps({"Parameters": {"Name": {"Type": "String"}}, "Resources": {"Queue": stack.queue("queue")}})
    named = {"StackName": stack.name, "TemplateBody": body}
    change_set = {"ChangeSetName": "new", "ChangeSetType": "CREATE"}
    for operation, arguments in (("create_stack", named), ("create_change_set", named | change_set)):
        with pytest.raises(ClientError, match="must have values"):
            getattr(stack.cloudformation, operation)(**arguments)
        with pytest.raises(ClientError, match="does not exist"):
            stack.cloudformation.describe_stacks(StackName=stack.name)


def test_what_is_retained_outlives_the_rollback_of_its_creation_only_if_it_says_so(stack: Stack) -> None:
    resources = {
        "Kept": {**stack.queue("kept"), "DeletionPolicy": "Retain"},
        "Removed": {**stack.queue("removed"), "DeletionPolicy": "RetainExceptOnCreate"},
        "Late": {**stack.queue("late"), "DependsOn": ["Kept", "Removed"]},
        "Bad": stack.bad("Late"),
    }
    assert stack.create(resources)["StackStatus"] == "ROLLBACK_COMPLETE"
    assert stack.queues() == ["kept"]
    stack.delete_queue("kept")


def test_a_rollback_is_refused_where_there_is_nothing_to_roll_back(stack: Stack) -> None:
    stack.create({"Queue": stack.queue("queue")})
    for operation in ("continue_update_rollback", "rollback_stack", "cancel_update_stack"):
        call = getattr(stack.cloudformation, operation)
        with pytest.raises(ClientError, match="cannot be called from current stack status"):
            call(StackName=stack.name)
        with pytest.raises(ClientError, match="does not exist"):
            call(StackName="no-such-stack")


def test_a_rollback_that_is_not_emulated_is_refused_by_name(stack: Stack) -> None:
    stack.create(half_good(stack), DisableRollback=True)
    with pytest.raises(ClientError, match="RollbackStack is not emulated"):
        stack.cloudformation.rollback_stack(StackName=stack.name)
