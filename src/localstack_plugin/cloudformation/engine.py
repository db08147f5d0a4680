"""LocalStack's CloudFormation engine, corrected where it reports what it has not done.

CloudFormation's own behavior is the model (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide). Without this module
an update that a resource type does not implement is reported as done, DeletionPolicy is ignored, and a deployment that
fails is reported as CREATE_COMPLETE, UPDATE_COMPLETE or ROLLBACK_COMPLETE though nothing was rolled back.

Stages of a deployment, in LocalStack's engine `v2`:

1. CreateChangeSet builds a model of the change: a tree of nodes, each with its value before and after.
2. ExecuteChangeSet starts a thread with a ChangeSetModelExecutor. `execute` visits the nodes in the order of their
   dependencies. `visit_node_parameter` resolves parameters (corrected here: a list is split on both sides).
3. For each resource that changes, `_execute_resource_action` is called with Add, Modify or Remove (corrected here: a
   resource that its policy retains is not removed). Whether a change replaces the resource is decided by the values of
   its properties (corrected here, in `replacement`). The action asks the resource type's provider through
   `ResourceProviderExecutor.execute_action` (corrected here: a Modify that the provider cannot do fails).
4. Removals of resources that the template no longer has, or that were replaced, are deferred.
5. Corrected here, in `deployment`: `execute` runs the deferred removals only if all went well. After a failure it does
   what DisableRollback and OnFailure say: a rollback (`rollback`) restores what was modified and removes what was
   created; otherwise the stack stays as it is, or is deleted.
6. Corrected here, in `deployment`: the last status of the stack is set, with all that DescribeStacks shows.
7. LocalStack writes the result into the stack once more: the same values, and a status that is ignored.

CreateStack, UpdateStack and DeleteStack execute a change set that nobody sees. `stack_operations` passes their options
on, and refuses what CloudFormation refuses.

Threads and locks. One thread executes a change set, from stage 2 to stage 7. Nothing here starts a thread or takes a
lock. DescribeStacks and DescribeStackEvents read the stack meanwhile; each status is set in one assignment.

Invariants:

- After a deployment, the status of a stack and of each of its resources says what is there. What could not be done ends
  in a `_FAILED` status with a reason, never in `_COMPLETE`.
- A status that ends a deployment is the last thing to be set: who sees it sees the resources and outputs that belong to
  it.
- After a complete rollback the stack has the resources, the properties and the parameters of before.
- Rollback reads the state before from `stack.resolved_resources`, which is replaced only in stage 6.
- The templates of a stack describe what is there; its template body is what the user sent.
- A policy is read from the template that the resource was deployed from: in a rollback from the new one, otherwise
  from `stack.processed_template`.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeAlias
from weakref import WeakKeyDictionary

from localstack.aws.api.cloudformation import ChangeAction, StackStatus
from localstack.services.cloudformation.deployment_utils import check_not_found_exception
from localstack.services.cloudformation.engine.v2.change_set_model import NodeParameter
from localstack.services.cloudformation.engine.v2.change_set_model_executor import ChangeSetModelExecutor
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import (
    ChangeSetModelPreproc,
    PreprocEntityDelta,
)
from localstack.services.cloudformation.resource_provider import (
    OperationStatus,
    ProgressEvent,
    ResourceProvider,
    ResourceProviderExecutor,
    convert_payload,
)
from localstack.services.cloudformation.v2.entities import Stack

from localstack_plugin.cloudformation.retention import RETAINED, is_retained, is_retained_in_rollback
from localstack_plugin.replacing import wrap

LOG = logging.getLogger(__name__)
UPDATES = {"Modify", "Dynamic"}
ROLLBACKS = {StackStatus.ROLLBACK_IN_PROGRESS, StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS}
LISTS = {"CommaDelimitedList", "List<String>"}
Payload: TypeAlias = dict[str, Any]

retained_resources: WeakKeyDictionary[Stack, set[str]] = WeakKeyDictionary()
"""The resources that DeleteStack shall retain, by stack."""


def install() -> None:
    wrap(
        "localstack.services.cloudformation.resource_provider:ResourceProviderExecutor.execute_action",
        wrapper=failing_updates,
        why="LocalStack reports an update as done although the resource type does not implement it. Here the update "
        "fails. The reason of a failed update or deletion is kept.",
    )
    wrap(
        "localstack.services.cloudformation.engine.v2.change_set_model_executor"
        ":ChangeSetModelExecutor._execute_resource_action",
        wrapper=retaining,
        why="LocalStack ignores DeletionPolicy and UpdateReplacePolicy. A resource that its policy retains is kept.",
    )
    wrap(
        "localstack.services.cloudformation.engine.v2.change_set_model_preproc"
        ":ChangeSetModelPreproc.visit_node_parameter",
        wrapper=splitting_lists,
        why="LocalStack splits a list parameter only in its new value, so a stack that joins one cannot be deleted. "
        "The old value is split too.",
    )


def splitting_lists(original: Callable[..., PreprocEntityDelta]) -> Callable[..., PreprocEntityDelta]:
    def visit_node_parameter(preproc: ChangeSetModelPreproc, node: NodeParameter) -> PreprocEntityDelta:
        delta = original(preproc, node)
        if isinstance(delta.before, str) and preproc.visit(node.type_).before in LISTS:
            delta.before = [item.strip() for item in delta.before.split(",")]
        return delta

    return visit_node_parameter


def failing_updates(original: Callable[..., ProgressEvent]) -> Callable[..., ProgressEvent]:
    def execute_action(
        executor: ResourceProviderExecutor, provider: ResourceProvider, payload: Payload
    ) -> ProgressEvent:
        if payload["action"] in UPDATES:
            return update(executor, provider, payload)
        if payload["action"] == "Remove":
            return remove(executor, provider, payload)
        return original(executor, provider, payload)

    return execute_action


def update(executor: ResourceProviderExecutor, provider: ResourceProvider, payload: Payload) -> ProgressEvent:
    request = convert_payload(stack_name=executor.stack_name, stack_id=executor.stack_id, payload=payload)
    try:
        return provider.update(request)
    except NotImplementedError:
        message = f"{request.resource_type} cannot be updated by LocalStack: delete the stack and create it again"
    except Exception as error:  # the provider's error, whatever its type, is the reason of the failure
        LOG.debug("update of %s failed", request.logical_resource_id, exc_info=True)
        message = str(error)
    return ProgressEvent(OperationStatus.FAILED, resource_model={}, message=message)


def remove(executor: ResourceProviderExecutor, provider: ResourceProvider, payload: Payload) -> ProgressEvent:
    request = convert_payload(stack_name=executor.stack_name, stack_id=executor.stack_id, payload=payload)
    try:
        return provider.delete(request)
    except Exception as error:  # the provider's error, whatever its type, is the reason of the failure
        LOG.debug("deletion of %s failed", request.logical_resource_id, exc_info=True)
        is_gone = check_not_found_exception(error, request.resource_type, request.desired_state)
        status = OperationStatus.SUCCESS if is_gone else OperationStatus.FAILED
        return ProgressEvent(status, resource_model={}, message=None if is_gone else str(error))


def retaining(original: Callable[..., ProgressEvent]) -> Callable[..., ProgressEvent]:
    def execute_resource_action(
        executor: ChangeSetModelExecutor, action: ChangeAction, logical_resource_id: str, **details: Any
    ) -> ProgressEvent:
        is_replacement = details.get("part_of_replacement", False)
        if action == ChangeAction.Remove and is_kept(executor, logical_resource_id, is_replacement):
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={}, message=RETAINED)
        return original(executor, action=action, logical_resource_id=logical_resource_id, **details)

    return execute_resource_action


def is_kept(executor: ChangeSetModelExecutor, name: str, is_replacement: bool) -> bool:
    change_set, stack = executor._change_set, executor._change_set.stack
    # the change set of a stack's deletion has no new template; the deletion after a failed creation has
    is_deletion = stack.status == StackStatus.DELETE_IN_PROGRESS and change_set.template is None
    if is_deletion and name in retained_resources.get(stack, ()):
        return True
    if stack.status in ROLLBACKS or (stack.status == StackStatus.DELETE_IN_PROGRESS and not is_deletion):
        return is_retained_in_rollback(change_set.processed_template, name, is_replacement)
    return is_retained(stack.processed_template, name, is_replacement)
