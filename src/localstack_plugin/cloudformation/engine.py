"""LocalStack's CloudFormation engine, corrected where it reports what it has not done.

CloudFormation's own behavior is the model (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide). Without this module
an update that a resource type does not implement is reported as done, DeletionPolicy is ignored, and a deployment that
fails is reported as ROLLBACK_COMPLETE though nothing was rolled back.

Stages of a deployment, in LocalStack's engine `v2`:

1. CreateChangeSet builds a model of the change: a tree of nodes, each with its value before and after.
2. ExecuteChangeSet starts a thread with a ChangeSetModelExecutor. `execute` visits the nodes in the order of their
   dependencies. `visit_node_parameter` resolves parameters (corrected here: a list is split on both sides).
3. For each resource that changes, `_execute_resource_action` is called with Add, Modify or Remove (corrected here: a
   resource that its policy retains is not removed). It asks the resource type's provider through
   `ResourceProviderExecutor.execute_action` (corrected here: a Modify that the provider cannot do fails).
4. Removals of resources that the template no longer has are deferred to the end of `execute`.
5. `execute` returns the resources and perhaps a failure message; a failure stops the visit at that resource.
6. Corrected here, in `rollback`: after a failure, what stage 3 did is undone in reverse order.
7. LocalStack writes the result into the stack: resources, parameters, outputs and status.

Threads and locks. One thread executes a change set, from stage 2 to stage 7. Nothing here starts a thread or takes a
lock. DescribeStacks and DescribeStackEvents read the stack meanwhile; each status is set in one assignment.

Invariants:

- After a change set, the status of a stack and of each of its resources says what is there. What could not be done ends
  in a `_FAILED` status with a reason, never in `_COMPLETE`. Two gaps are LocalStack's: its own ROLLBACK_COMPLETE can be
  seen for a moment between stages 5 and 6, and UpdateStack, unlike a change set, sets UPDATE_COMPLETE after a rollback.
- After a complete rollback the stack has the resources, the properties and the parameters of before.
- Rollback reads the state before from `stack.resolved_resources`, which LocalStack replaces only in stage 7.
- A policy is read from the template that the resource was deployed from, `stack.processed_template`, not from the new
  one; a stack that is being created has none yet, so its rollback removes everything.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeAlias

from localstack.aws.api.cloudformation import ChangeAction
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

from localstack_plugin.cloudformation.retention import is_retained
from localstack_plugin.replacing import wrap

LOG = logging.getLogger(__name__)
UPDATES = {"Modify", "Dynamic"}
LISTS = {"CommaDelimitedList", "List<String>"}
Payload: TypeAlias = dict[str, Any]


def install() -> None:
    wrap(
        "localstack.services.cloudformation.resource_provider:ResourceProviderExecutor.execute_action",
        wrapper=failing_updates,
        why="LocalStack reports an update as done although the resource type does not implement it. The update fails, "
        "with the reason.",
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


def retaining(original: Callable[..., ProgressEvent]) -> Callable[..., ProgressEvent]:
    def execute_resource_action(
        executor: ChangeSetModelExecutor, action: ChangeAction, logical_resource_id: str, **details: Any
    ) -> ProgressEvent:
        template = executor._change_set.stack.processed_template
        is_replacement = details.get("part_of_replacement", False)
        if action == ChangeAction.Remove and is_retained(template, logical_resource_id, is_replacement):
            return ProgressEvent(OperationStatus.SUCCESS, resource_model={}, message="Retained by its policy")
        return original(executor, action=action, logical_resource_id=logical_resource_id, **details)

    return execute_resource_action
