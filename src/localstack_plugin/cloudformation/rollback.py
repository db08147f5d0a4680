"""The rollback of a deployment that failed; `engine` tells where it stands among the stages of a deployment."""

from typing import TypeAlias

from localstack.aws.api.cloudformation import ChangeAction, ResourceStatus
from localstack.services.cloudformation.engine.v2.change_set_model_executor import ChangeSetModelExecutor
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import PreprocProperties
from localstack.services.cloudformation.resource_provider import OperationStatus, ProgressEvent
from localstack.services.cloudformation.v2.entities import ResolvedResource, Stack

Resources: TypeAlias = dict[str, ResolvedResource]


def remove_created(executor: ChangeSetModelExecutor, before: Resources) -> list[str]:
    """Remove what the deployment created, in reverse order; return the names of what could not be removed.

    A later resource may refer to an earlier one. The resources of `before` are left alone, except that the replacement
    of one is removed: the one that it should replace is still there.
    """
    failed = []
    for name, after in reversed(list(executor.resources.items())):
        is_replacement = name in before and is_new(after, before[name])
        if name in before and not is_replacement:
            continue
        if not was_made(after):
            continue
        event = act(executor, ChangeAction.Remove, name, before=after, after=None, part_of_replacement=is_replacement)
        # what failed to be created may be half there, or not at all
        is_whole = after.get("ResourceStatus") == ResourceStatus.CREATE_COMPLETE
        if event.status != OperationStatus.SUCCESS and is_whole:
            failed.append(name)
    return failed


def is_new(after: ResolvedResource, before: ResolvedResource) -> bool:
    """Return whether a resource of the stack was replaced. What is unchanged is one object before and after."""
    return after is not before and after.get("ResourceStatus") == ResourceStatus.CREATE_COMPLETE


def was_made(resource: ResolvedResource) -> bool:
    """Return whether there is something to remove. A creation that failed has properties if it got that far."""
    status = resource.get("ResourceStatus")
    return status == ResourceStatus.CREATE_COMPLETE or (
        status == ResourceStatus.CREATE_FAILED and bool(resource.get("Properties"))
    )


def restore_modified(executor: ChangeSetModelExecutor, before: Resources) -> list[str]:
    """Restore what the deployment modified, in reverse order; return the names of what could not be restored.

    A modification that failed may have been done in part. It is restored as well as it can be: where nothing was done,
    restoring it may fail for the same reason.
    """
    failed = []
    for name, after in reversed(list(executor.resources.items())):
        if name not in before or after is before[name]:
            continue
        match after.get("ResourceStatus"):
            case ResourceStatus.UPDATE_COMPLETE:
                event = act(executor, ChangeAction.Modify, name, before=after, after=before[name])
                if event.status != OperationStatus.SUCCESS:
                    failed.append(name)
            case ResourceStatus.UPDATE_FAILED:
                modify_quietly(executor, name, before[name])
    return failed


def modify_quietly(executor: ChangeSetModelExecutor, name: str, before: ResolvedResource) -> None:
    properties = PreprocProperties(properties=before["Properties"])
    executor._execute_resource_action(
        ChangeAction.Modify,
        name,
        resource_type=before["Type"],
        before_properties=properties,
        after_properties=properties,
    )


def settle_states(stack: Stack, before: Resources) -> None:
    """Correct the states after a rollback: what failed to be updated, or was replaced, is what it was before."""
    forget_unmade(stack, before)
    for name, resource in before.items():
        state = stack.resource_states.get(name)
        if state is None or (
            not state["ResourceStatus"].endswith("_FAILED")
            and state["PhysicalResourceId"] == resource.get("PhysicalResourceId")
        ):
            continue
        stack.set_resource_status(
            logical_resource_id=name,
            physical_resource_id=resource.get("PhysicalResourceId"),
            resource_type=resource["Type"],
            status=ResourceStatus.UPDATE_COMPLETE,
        )


def forget_unmade(stack: Stack, resources: Resources) -> None:
    """Drop the states of resources that failed to be created, so that the stack does not list them."""
    for name, state in list(stack.resource_states.items()):
        if name not in resources and state["ResourceStatus"] == ResourceStatus.CREATE_FAILED:
            del stack.resource_states[name]


def act(
    executor: ChangeSetModelExecutor,
    action: ChangeAction,
    name: str,
    before: ResolvedResource,
    after: ResolvedResource | None,
    part_of_replacement: bool = False,
) -> ProgressEvent:
    """Do one step of the rollback, with the events of a deployment's step."""
    resource_type = before["Type"]
    executor._process_event(
        action=action,
        logical_resource_id=name,
        event_status=OperationStatus.IN_PROGRESS,
        resource_type=resource_type,
    )
    event = executor._execute_resource_action(
        action,
        name,
        resource_type=resource_type,
        before_properties=PreprocProperties(properties=before["Properties"]),
        after_properties=after and PreprocProperties(properties=after["Properties"]),
        part_of_replacement=part_of_replacement,
    )
    executor._process_event(
        action=action,
        logical_resource_id=name,
        event_status=event.status,
        resource_type=resource_type,
        reason=event.message,
    )
    return event
