"""LocalStack's CloudFormation engine, where it says of a stack what is not so.

Without this, an update that a resource type does not know is reported as done, DeletionPolicy is ignored, and a
deployment that fails is not rolled back, though it says ROLLBACK_COMPLETE. There is no plugin interface for it.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from localstack.aws.api.cloudformation import ChangeAction, ChangeSetType, ResourceStatus, StackStatus
from localstack.services.cloudformation.engine.v2.change_set_model import NodeParameter
from localstack.services.cloudformation.engine.v2.change_set_model_executor import (
    ChangeSetModelExecutor,
    ChangeSetModelExecutorResult,
)
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    ChangeSetModelPreproc,
    PreprocEntityDelta,
    PreprocProperties,
)
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceProviderExecutor,
    convert_payload,
)
from localstack.services.cloudformation.v2.entities import ResolvedResource, Stack

from localstack_plugin.replacing import replace

LOG = logging.getLogger(__name__)
UPDATES = {"Modify", "Dynamic"}
LISTS = {"CommaDelimitedList", "List<String>"}
RETAINS = {"Retain", "RetainExceptOnCreate"}
STATUS_AFTER_ROLLBACK = {
    ChangeSetType.CREATE: StackStatus.ROLLBACK_COMPLETE,
    ChangeSetType.UPDATE: StackStatus.UPDATE_ROLLBACK_COMPLETE,
}
STATUS_AFTER_FAILED_ROLLBACK = {
    ChangeSetType.CREATE: StackStatus.ROLLBACK_FAILED,
    ChangeSetType.UPDATE: StackStatus.UPDATE_ROLLBACK_FAILED,
}
Payload: TypeAlias = dict[str, Any]
Resources: TypeAlias = dict[str, ResolvedResource]


def install() -> None:
    provider, change_set, preproc = ResourceProviderExecutor, ChangeSetModelExecutor, ChangeSetModelPreproc
    replace(provider, "execute_action", _executing(provider.execute_action))
    replace(change_set, "_execute_resource_action", _retaining(change_set._execute_resource_action))
    replace(preproc, "visit_node_parameter", _splitting(preproc.visit_node_parameter))
    replace(change_set, "execute", _rolling_back(change_set.execute))


def _splitting(original: Callable[..., PreprocEntityDelta]) -> Callable[..., PreprocEntityDelta]:
    """A list in a parameter is split as it will be, and not as it was: a stack that joins one could not be deleted."""

    def visit_node_parameter(preproc: ChangeSetModelPreproc, node: NodeParameter) -> PreprocEntityDelta:
        delta = original(preproc, node)
        if isinstance(delta.before, str) and preproc.visit(node.type_).before in LISTS:
            delta.before = [item.strip() for item in delta.before.split(",")]
        return delta

    return visit_node_parameter


def _executing(original: Callable[..., ProgressEvent]) -> Callable[..., ProgressEvent]:
    def execute_action(
        executor: ResourceProviderExecutor, provider: ResourceProvider, payload: Payload
    ) -> ProgressEvent:
        if payload["action"] in UPDATES:
            return update(executor, provider, payload)
        return original(executor, provider, payload)

    return execute_action


def update(executor: ResourceProviderExecutor, provider: ResourceProvider, payload: Payload) -> ProgressEvent:
    request = convert_payload(stack_name=executor.stack_name, stack_id=executor.stack_id, payload=payload)
    try:
        return provider.update(request)
    except NotImplementedError:
        message = f"{request.resource_type} cannot be updated by LocalStack: delete the stack and create it anew"
    except Exception as error:  # whatever a resource's provider raises is the reason of its failure
        LOG.debug("update of %s failed", request.logical_resource_id, exc_info=True)
        message = str(error)
    return ProgressEvent(OperationStatus.FAILED, resource_model={}, message=message)


def _retaining(original: Callable[..., ProgressEvent]) -> Callable[..., ProgressEvent]:
    def execute_resource_action(
        executor: ChangeSetModelExecutor, action: ChangeAction, logical_resource_id: str, **details: Any
    ) -> ProgressEvent:
        if action == ChangeAction.Remove and _is_retained(executor, logical_resource_id, **details):
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={}, message="Retained, by its policy")
        return original(executor, action=action, logical_resource_id=logical_resource_id, **details)

    return execute_resource_action


def _is_retained(
    executor: ChangeSetModelExecutor, name: str, part_of_replacement: bool = False, **details: Any
) -> bool:
    """By the template that the resource is deployed from; a creation that is rolled back has none yet."""
    resources = (executor._change_set.stack.processed_template or {}).get("Resources", {})
    policy = "UpdateReplacePolicy" if part_of_replacement else "DeletionPolicy"
    return resources.get(name, {}).get(policy) in RETAINS


def _rolling_back(
    original: Callable[..., ChangeSetModelExecutorResult],
) -> Callable[..., ChangeSetModelExecutorResult]:
    def execute(executor: ChangeSetModelExecutor) -> ChangeSetModelExecutorResult:
        result = original(executor)
        # the change set of a deletion has no type
        if result.failure_message and executor._change_set.change_set_type in STATUS_AFTER_ROLLBACK:
            result.resources = roll_back(executor)
        return result

    return execute


def roll_back(executor: ChangeSetModelExecutor) -> Resources:
    """Remove what was created, put back what was modified; in reverse, as they may refer to one another."""
    stack, before = executor._change_set.stack, dict(executor._change_set.stack.resolved_resources)
    events = [_undone(executor, name, before.get(name)) for name in reversed(list(executor.resources))]
    done = all(event.status == OperationStatus.SUCCESS for event in events)
    kind = executor._change_set.change_set_type
    # LocalStack gives the stack the change set's parameters, however it ended
    executor._change_set.resolved_parameters = stack.resolved_parameters
    if done:
        _restore_states(stack, before)
    stack.set_stack_status(STATUS_AFTER_ROLLBACK[kind] if done else STATUS_AFTER_FAILED_ROLLBACK[kind])
    return before


def _restore_states(stack: Stack, before: Resources) -> None:
    """A resource whose update failed, or whose turn did not come, is there as it was; one that was not made is not."""
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


def _undone(executor: ChangeSetModelExecutor, name: str, before: ResolvedResource | None) -> ProgressEvent:
    after = executor.resources[name]
    match after.get("ResourceStatus"):
        case ResourceStatus.CREATE_COMPLETE if before is None:
            return _acted(executor, ChangeAction.Remove, name, before=after, after=None)
        case ResourceStatus.UPDATE_COMPLETE if before is not None and before != after:
            return _acted(executor, ChangeAction.Modify, name, before=after, after=before)
    return ProgressEvent(OperationStatus.SUCCESS, resource_model={})


def _acted(
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
