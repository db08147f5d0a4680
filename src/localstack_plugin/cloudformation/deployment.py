"""One deployment or deletion of a stack, from the first resource to the last status; `engine` tells its stages."""

import logging
from datetime import UTC, datetime
from threading import Thread, current_thread
from typing import Any
from weakref import WeakKeyDictionary

from localstack.aws.api.cloudformation import ResourceStatus, StackStatus
from localstack.services.cloudformation.engine.v2.change_set_model_executor import (
    ChangeSetModelExecutor,
    ChangeSetModelExecutorResult,
    EventOperationFromAction,
    TriggerRollback,
)
from localstack.services.cloudformation.resource_provider import OperationStatus
from localstack.services.cloudformation.v2.entities import Stack

from localstack_plugin.cloudformation import outcome, rollback
from localstack_plugin.cloudformation.retention import RETAINED
from localstack_plugin.replacing import replace, wrap

LOG = logging.getLogger(__name__)
BEGINNINGS = {StackStatus.CREATE_IN_PROGRESS, StackStatus.UPDATE_IN_PROGRESS, StackStatus.DELETE_IN_PROGRESS}
REPLACED = "cleanup-from-replacement-"  # LocalStack's name for the deferred removal of what was replaced

ended_by: WeakKeyDictionary[Stack, Thread] = WeakKeyDictionary()
"""The thread whose deployment has ended with a status that holds. What LocalStack sets in it afterwards does not."""
without_rollback: WeakKeyDictionary[Stack, bool] = WeakKeyDictionary()
"""The stacks whose next deployment is not rolled back, as its UpdateStack or ExecuteChangeSet says."""


def install() -> None:
    replace(
        "localstack.services.cloudformation.engine.v2.change_set_model_executor:ChangeSetModelExecutor.execute",
        by=execute,
        why="After a failure LocalStack rolls nothing back, removes what the new template lacks, and ignores "
        "DisableRollback and OnFailure. A deployment ends as on AWS.",
    )
    replace(
        "localstack.services.cloudformation.engine.v2.change_set_model_executor:ChangeSetModelExecutor._process_event",
        by=process_event,
        why="LocalStack gives the stack the status of a resource that failed, which ends a waiter before the rollback. "
        "The stack gets a status when the deployment ends.",
    )
    wrap(
        "localstack.services.cloudformation.v2.entities:Stack.set_stack_status",
        wrapper=keeping_the_end,
        why="After a deployment LocalStack sets a status of its own: UPDATE_COMPLETE after any UpdateStack, "
        "DELETE_COMPLETE after any DeleteStack. Here the stack keeps the status with which the deployment ended.",
    )


def keeping_the_end(original: Any) -> Any:
    def set_stack_status(stack: Stack, status: StackStatus, reason: str | None = None) -> None:
        if ended_by.get(stack) is current_thread():
            return
        if status == StackStatus.REVIEW_IN_PROGRESS and stack.status != status:
            return  # a change set does not put a stack that exists into review
        if status in BEGINNINGS:
            stack.status_reason = None
        original(stack, status, reason)

    return set_stack_status


def process_event(
    executor: ChangeSetModelExecutor,
    *,
    action: Any,
    logical_resource_id: str,
    event_status: OperationStatus,
    resource_type: str,
    special_action: str | None = None,
    reason: str | None = None,
) -> None:
    """Set the status of a resource, and remember what failed."""
    if event_status == OperationStatus.FAILED and reason == "":
        return  # LocalStack's report of a resource that refers to the one that failed
    operation = special_action or EventOperationFromAction[action.value]
    ending = "COMPLETE" if event_status == OperationStatus.SUCCESS else event_status.name
    if reason == RETAINED:
        ending = "SKIPPED"
    stack, status = executor._change_set.stack, ResourceStatus(f"{operation}_{ending}")
    if physical_id := id_of_the_replaced(executor, logical_resource_id, operation):
        # only an event: the state is that of the resource that takes its place
        stack._store_event(logical_resource_id, resource_type, physical_id, status, reason or "")
        return
    stack.set_resource_status(
        logical_resource_id=logical_resource_id,
        physical_resource_id=executor._get_physical_id(logical_resource_id, False),
        resource_type=resource_type,
        status=status,
        resource_status_reason=reason,
    )
    if status == ResourceStatus.DELETE_SKIPPED:
        stack.resource_states.pop(logical_resource_id, None)
    if event_status == OperationStatus.FAILED:
        failures_of(executor).setdefault(operation.lower(), []).append(logical_resource_id)


def id_of_the_replaced(executor: ChangeSetModelExecutor, name: str, operation: str) -> str | None:
    """Return the id of a resource that is removed in a clean-up while the stack keeps another of its name."""
    stack = executor._change_set.stack
    old, new = stack.resolved_resources, executor.resources
    removed, kept = {
        StackStatus.UPDATE_IN_PROGRESS: (old, new),
        StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: (old, new),
        StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: (new, old),
    }.get(stack.status, ({}, {}))
    if operation != "DELETE" or not kept.get(name, {}).get("PhysicalResourceId"):
        return None
    physical_id: str | None = removed.get(name, {}).get("PhysicalResourceId")
    return physical_id


def failures_of(executor: ChangeSetModelExecutor) -> dict[str, list[str]]:
    """Return the names of resources that failed, by verb."""
    failures: dict[str, list[str]] = executor.__dict__.setdefault("failures", {})
    return failures


def execute(executor: ChangeSetModelExecutor) -> ChangeSetModelExecutorResult:
    """Deploy the change set or delete the stack, and give the stack its last status."""
    stack = executor._change_set.stack
    if stack.status == StackStatus.DELETE_IN_PROGRESS:
        return delete(executor)
    action = outcome.UPDATE if stack.status == StackStatus.UPDATE_IN_PROGRESS else outcome.CREATE
    option = outcome.failure_option(action, without_rollback.pop(stack, False), stack.request_payload)
    message = visit(executor)
    if message is not None:
        return fail(executor, action, option, message)
    if executor._deferred_actions:
        stack.set_stack_status(StackStatus.UPDATE_COMPLETE_CLEANUP_IN_PROGRESS)
        run_deferred(executor)
    return complete(executor, action)


def visit(executor: ChangeSetModelExecutor) -> str | None:
    """Create and modify resources in the order of their dependencies; return the reason of a failure."""
    try:
        executor.process()
    except TriggerRollback as failure:
        return failure.reason or "the resource failed"
    except Exception as error:  # whatever cannot be evaluated fails the deployment with its reason
        LOG.debug("deployment failed", exc_info=True)
        return str(error) or type(error).__name__
    return None


def run_deferred(executor: ChangeSetModelExecutor) -> None:
    """Remove what the new template lacks and what was replaced, in reverse order. A failure does not end it."""
    for deferred in reversed(executor._deferred_actions):
        deferred.action()


def complete(executor: ChangeSetModelExecutor, action: str) -> ChangeSetModelExecutorResult:
    change_set, stack = executor._change_set, executor._change_set.stack
    # LocalStack also lists what it removed, which has no id
    resources = {name: item for name, item in executor.resources.items() if "PhysicalResourceId" in item}
    stack.resolved_resources, stack.resolved_outputs = resources, executor.outputs
    stack.resolved_exports = {
        output["ExportName"]: output["OutputValue"] for output in executor.outputs if output.get("ExportName")
    }
    stack.resolved_parameters = change_set.resolved_parameters
    adopt_template(executor, change_set.template, change_set.processed_template)
    rollback.forget_unmade(stack, resources)
    end(stack, StackStatus(f"{action}_COMPLETE"))
    return ChangeSetModelExecutorResult(resources=resources, outputs=executor.outputs)


def adopt_template(executor: ChangeSetModelExecutor, template: Any, processed: Any) -> None:
    change_set, stack = executor._change_set, executor._change_set.stack
    stack.template, stack.processed_template = template, processed
    stack.template_body = change_set.template_body
    stack.description = template.get("Description")


def end(stack: Stack, status: StackStatus, reason: str | None = None) -> None:
    stack.set_stack_status(status, reason)
    ended_by[stack] = current_thread()


def fail(executor: ChangeSetModelExecutor, action: str, option: str, message: str) -> ChangeSetModelExecutorResult:
    """End a deployment that failed, as its failure option says. Return the resources and outputs that are there now."""
    stack = executor._change_set.stack
    before = dict(stack.resolved_resources) if action == outcome.UPDATE else {}
    if option == outcome.DO_NOTHING:
        keep(executor, action, before, message)
    elif action == outcome.UPDATE:
        roll_back_update(executor, before, message)
    else:
        roll_back_creation(executor, option, message)
    change_set = executor._change_set
    # LocalStack copies these into the stack, also after a failure
    change_set.resolved_parameters = stack.resolved_parameters
    if change_set.change_set_id not in stack.change_set_ids:  # CreateStack's and UpdateStack's, which nobody sees
        change_set.template, change_set.template_body = stack.template, stack.template_body
        change_set.processed_template = stack.processed_template
    return ChangeSetModelExecutorResult(
        resources=stack.resolved_resources, outputs=stack.resolved_outputs, failure_message=message
    )


def reason(executor: ChangeSetModelExecutor, message: str, sequel: str = "") -> str:
    failures = failures_of(executor)
    return outcome.reason_of(failures, sequel) if failures else f"{message}. {sequel}".strip()


def keep(executor: ChangeSetModelExecutor, action: str, before: dict[str, Any], message: str) -> None:
    """Leave everything as it is, with a template that says so.

    What was replaced is removed: CloudFormation does that with the next update, but it does not come back in any case.
    """
    change_set, stack = executor._change_set, executor._change_set.stack
    for deferred in executor._deferred_actions:
        if deferred.name.startswith(REPLACED):
            deferred.action()
    there = {name: item for name, item in executor.resources.items() if item.get("PhysicalResourceId")}
    stack.resolved_resources = {**before, **there}
    old = stack.template if action == outcome.UPDATE else None
    stack.resolved_parameters = change_set.resolved_parameters
    adopt_template(
        executor,
        outcome.deployed_template(old, change_set.template, stack.resolved_resources),
        outcome.deployed_template(old, change_set.processed_template, stack.resolved_resources),
    )
    end(stack, StackStatus(f"{action}_FAILED"), reason(executor, message))


def roll_back_creation(executor: ChangeSetModelExecutor, option: str, message: str) -> None:
    change_set, stack = executor._change_set, executor._change_set.stack
    verb, status = ("Rollback", "ROLLBACK") if option == outcome.ROLLBACK else ("Delete", "DELETE")
    why = reason(executor, message, f"{verb} requested by user.")
    # not to be taken for the beginning of another operation: the reason stays
    stack.set_stack_status(StackStatus(f"{status}_IN_PROGRESS"), why)
    created = dict(executor.resources)
    left = rollback.remove_created(executor, {})
    stack.resolved_resources = {name: created[name] for name in left}
    stack.resolved_parameters = change_set.resolved_parameters
    adopt_template(
        executor,
        outcome.remaining_template(change_set.template, stack.resolved_resources),
        outcome.remaining_template(change_set.processed_template, stack.resolved_resources),
    )
    rollback.settle_states(stack, {})
    if left:
        end(stack, StackStatus(f"{status}_FAILED"), outcome.reason_of({"delete": left}))
        return
    if option == outcome.DELETE:
        stack.deletion_time = datetime.now(tz=UTC)
    end(stack, StackStatus(f"{status}_COMPLETE"))


def roll_back_update(executor: ChangeSetModelExecutor, before: dict[str, Any], message: str) -> None:
    stack = executor._change_set.stack
    stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_IN_PROGRESS, reason(executor, message))
    if left := rollback.restore_modified(executor, before):
        end(stack, StackStatus.UPDATE_ROLLBACK_FAILED, outcome.reason_of({"update": left}))
        return
    stack.set_stack_status(StackStatus.UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS)
    rollback.remove_created(executor, before)
    rollback.settle_states(stack, before)
    end(stack, StackStatus.UPDATE_ROLLBACK_COMPLETE)


def delete(executor: ChangeSetModelExecutor) -> ChangeSetModelExecutorResult:
    stack = executor._change_set.stack
    message = visit(executor)
    run_deferred(executor)
    left = failures_of(executor).get("delete", [])
    stack.resolved_resources = {name: item for name, item in stack.resolved_resources.items() if name in left}
    stack.template = outcome.remaining_template(stack.template, stack.resolved_resources)
    stack.processed_template = outcome.remaining_template(stack.processed_template, stack.resolved_resources)
    if left or message:
        end(stack, StackStatus.DELETE_FAILED, reason(executor, message or ""))
    else:
        stack.resolved_outputs, stack.resolved_exports = [], {}
        stack.deletion_time = datetime.now(tz=UTC)
        end(stack, StackStatus.DELETE_COMPLETE)
    return ChangeSetModelExecutorResult(resources={}, outputs=[])
