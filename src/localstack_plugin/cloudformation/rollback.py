"""The rollback of a deployment that failed; `engine` tells where it stands among the stages of a deployment."""

from collections.abc import Callable
from typing import TypeAlias

from localstack.aws.api.cloudformation import ChangeAction, ChangeSetType, ResourceStatus, StackStatus
from localstack.services.cloudformation.engine.v2.change_set_model_executor import (
    ChangeSetModelExecutor,
    ChangeSetModelExecutorResult,
)
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import PreprocProperties
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent
from localstack.services.cloudformation.v2.entities import ResolvedResource, Stack

from localstack_plugin.replacing import wrap

STATUS_AFTER_ROLLBACK = {
    ChangeSetType.CREATE: StackStatus.ROLLBACK_COMPLETE,
    ChangeSetType.UPDATE: StackStatus.UPDATE_ROLLBACK_COMPLETE,
}
STATUS_AFTER_FAILED_ROLLBACK = {
    ChangeSetType.CREATE: StackStatus.ROLLBACK_FAILED,
    ChangeSetType.UPDATE: StackStatus.UPDATE_ROLLBACK_FAILED,
}
Resources: TypeAlias = dict[str, ResolvedResource]
Execute = Callable[[ChangeSetModelExecutor], ChangeSetModelExecutorResult]


def install() -> None:
    wrap(
        "localstack.services.cloudformation.engine.v2.change_set_model_executor:ChangeSetModelExecutor.execute",
        wrapper=rolling_back,
        why="LocalStack reports ROLLBACK_COMPLETE for a deployment that failed, and rolls nothing back. What was "
        "created is removed and what was modified is restored, in reverse order.",
    )


def rolling_back(original: Execute) -> Execute:
    def execute(executor: ChangeSetModelExecutor) -> ChangeSetModelExecutorResult:
        result = original(executor)
        # the deletion of a stack has a change set without a type, and no rollback
        if result.failure_message and executor._change_set.change_set_type in STATUS_AFTER_ROLLBACK:
            result.resources = roll_back(executor)
        return result

    return execute


def roll_back(executor: ChangeSetModelExecutor) -> Resources:
    """Remove what was created and restore what was modified; return the stack's resources as they were before.

    It goes in reverse order, because a later resource may refer to an earlier one.
    """
    stack, before = executor._change_set.stack, dict(executor._change_set.stack.resolved_resources)
    events = [_undo(executor, name, before.get(name)) for name in reversed(list(executor.resources))]
    is_complete = all(event.status == OperationStatus.SUCCESS for event in events)
    kind = executor._change_set.change_set_type
    # after this, LocalStack copies the change set's parameters into the stack, even after a failure
    executor._change_set.resolved_parameters = stack.resolved_parameters
    if is_complete:
        _restore_states(stack, before)
    stack.set_stack_status(STATUS_AFTER_ROLLBACK[kind] if is_complete else STATUS_AFTER_FAILED_ROLLBACK[kind])
    return before


def _restore_states(stack: Stack, before: Resources) -> None:
    """Correct the states of failed resources: one that existed before is unchanged, one that did not was never made."""
    for name, state in list(stack.resource_states.items()):
        if not state["ResourceStatus"].endswith("_FAILED"):
            continue
        if (resource := before.get(name)) is None:
            del stack.resource_states[name]
            continue
        stack.set_resource_status(
            logical_resource_id=name,
            physical_resource_id=resource.get("PhysicalResourceId"),
            resource_type=resource["Type"],
            status=ResourceStatus.UPDATE_COMPLETE,
        )


def _undo(executor: ChangeSetModelExecutor, name: str, before: ResolvedResource | None) -> ProgressEvent:
    after = executor.resources[name]
    match after.get("ResourceStatus"):
        case ResourceStatus.CREATE_COMPLETE if before is None:
            return _act(executor, ChangeAction.Remove, name, before=after, after=None)
        case ResourceStatus.UPDATE_COMPLETE if before is not None and before != after:
            return _act(executor, ChangeAction.Modify, name, before=after, after=before)
    return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


def _act(
    executor: ChangeSetModelExecutor,
    action: ChangeAction,
    name: str,
    before: ResolvedResource,
    after: ResolvedResource | None,
) -> ProgressEvent:
    resource_type = before["Type"]
    event = executor._execute_resource_action(
        action,
        name,
        resource_type=resource_type,
        before_properties=PreprocProperties(properties=before["Properties"]),
        after_properties=after and PreprocProperties(properties=after["Properties"]),
    )
    executor._process_event(
        action=action,
        logical_resource_id=name,
        event_status=event.status,
        resource_type=resource_type,
        reason=event.message,
    )
    return event
