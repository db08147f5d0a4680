"""The operations on stacks: options that LocalStack ignores, and requests that CloudFormation refuses."""

import functools
from collections.abc import Callable
from typing import Any

from localstack.aws.api import CommonServiceException, RequestContext
from localstack.aws.api.cloudformation import StackStatus
from localstack.services.cloudformation.engine.validations import ValidationError
from localstack.services.cloudformation.stores import get_cloudformation_store
from localstack.services.cloudformation.v2.entities import Stack
from localstack.services.cloudformation.v2.provider import find_change_set_v2, find_stack_v2

from localstack_plugin.cloudformation.deployment import without_rollback
from localstack_plugin.cloudformation.engine import retained_resources
from localstack_plugin.cloudformation.outcome import UPDATABLE
from localstack_plugin.replacing import wrap

Operation = Callable[..., Any]
ROLLED_BACK_FROM = {
    "ContinueUpdateRollback": {StackStatus.UPDATE_ROLLBACK_FAILED},
    "RollbackStack": {StackStatus.CREATE_FAILED, StackStatus.UPDATE_FAILED},
    "CancelUpdateStack": {StackStatus.UPDATE_IN_PROGRESS},
}
"""The statuses in which CloudFormation would carry the operation out."""


def install() -> None:
    wrap(
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.create_stack",
        wrapper=creating,
        why="When LocalStack refuses a CreateStack request, it keeps a stack in CREATE_IN_PROGRESS. Here no stack is "
        "left.",
    )
    wrap(
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.create_change_set",
        wrapper=proposing,
        why="LocalStack changes a stack in any status, has no UsePreviousTemplate, and keeps a stack whose first "
        "change set it refuses. Here all three are as on AWS.",
    )
    wrap(
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.update_stack",
        wrapper=updating,
        why="LocalStack updates a stack in any status, and ignores DisableRollback and UsePreviousTemplate. Here it "
        "refuses what CloudFormation refuses, and obeys both parameters.",
    )
    wrap(
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.execute_change_set",
        wrapper=executing,
        why="LocalStack ignores DisableRollback. Here it obeys it.",
    )
    wrap(
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.delete_stack",
        wrapper=deleting,
        why="LocalStack ignores RetainResources and termination protection. Here it obeys both.",
    )
    wrap(
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.continue_update_rollback",
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.rollback_stack",
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2.cancel_update_stack",
        wrapper=rolling_back,
        why="LocalStack does not implement ContinueUpdateRollback, RollbackStack and CancelUpdateStack, and answers "
        "with a 501. In a status in which CloudFormation refuses them, they are refused in its words.",
    )
    wrap(
        "localstack.services.cloudformation.v2.provider:CloudformationProviderV2._describe_stack",
        wrapper=describing,
        why="LocalStack gives a stack that was rolled back a deletion time. Here only a deleted stack has one.",
    )


def creating(original: Operation) -> Operation:
    @functools.wraps(original)
    def create_stack(provider: Any, context: RequestContext, request: Any) -> Any:
        if "DisableRollback" in request and "OnFailure" in request:
            raise ValidationError("You can specify either DisableRollback or OnFailure, but not both.")
        return without_leftovers(lambda: original(provider, context, request), context)

    return create_stack


def without_leftovers(operation: Callable[[], Any], context: RequestContext) -> Any:
    """Do it, and remove the stacks that it leaves behind when it is refused."""
    stacks = get_cloudformation_store(context.account_id, context.region).stacks_v2
    before = set(stacks)
    name = (context.service_request or {}).get("StackName")
    try:
        return operation()
    except Exception:  # whatever the reason, a refused request leaves no stack; it is raised again
        for stack_id in [key for key, stack in stacks.items() if key not in before and stack.stack_name == name]:
            del stacks[stack_id]
        raise


def proposing(original: Operation) -> Operation:
    @functools.wraps(original)
    def create_change_set(provider: Any, context: RequestContext, request: Any) -> Any:
        stack = stack_of(context, request.get("StackName"))
        if stack is not None and request.get("ChangeSetType", "UPDATE") == "UPDATE":
            refuse_unless_updatable(stack)
            use_previous_template(stack, request)
        return without_leftovers(lambda: original(provider, context, request), context)

    return create_change_set


def updating(original: Operation) -> Operation:
    @functools.wraps(original)
    def update_stack(provider: Any, context: RequestContext, request: Any) -> Any:
        stack = stack_of(context, request.get("StackName"))
        if stack is not None:
            refuse_unless_updatable(stack)
            use_previous_template(stack, request)
            without_rollback[stack] = bool(request.get("DisableRollback"))
        return original(provider, context, request)

    return update_stack


def executing(original: Operation) -> Operation:
    @functools.wraps(original)
    def execute_change_set(
        provider: Any,
        context: RequestContext,
        change_set_name: str,
        stack_name: str | None = None,
        disable_rollback: bool | None = None,
        **options: Any,
    ) -> Any:
        store = get_cloudformation_store(context.account_id, context.region)
        if change_set := find_change_set_v2(store, change_set_name, stack_name):
            without_rollback[change_set.stack] = bool(disable_rollback)
        return original(provider, context, change_set_name, stack_name, **options)

    return execute_change_set


def deleting(original: Operation) -> Operation:
    @functools.wraps(original)
    def delete_stack(
        provider: Any, context: RequestContext, stack_name: str, retain_resources: Any = None, **options: Any
    ) -> Any:
        stack = stack_of(context, stack_name)
        if stack is not None:
            if stack.enable_termination_protection:
                raise ValidationError(f"Stack [{stack_name}] cannot be deleted while TerminationProtection is enabled")
            if stack.status == StackStatus.DELETE_COMPLETE:
                return None
            retained_resources[stack] = resources_to_retain(stack, retain_resources or ())
        return original(provider, context, stack_name, **options)

    return delete_stack


def resources_to_retain(stack: Stack, names: Any) -> set[str]:
    """Return the names. Only resources that a deletion left behind can be retained."""
    if names and stack.status != StackStatus.DELETE_FAILED:
        raise ValidationError(
            f"Invalid operation on stack [{stack.stack_id}]. You can specify RetainResources in a delete stack "
            "operation only when the stack is in the DELETE_FAILED state."
        )
    if gone := sorted(set(names) - set(stack.resolved_resources)):
        raise ValidationError(
            "The specified resources to retain must be in a valid state. Do not specify resources that are in the "
            f"DELETE_COMPLETE state: {', '.join(gone)}"
        )
    return set(names)


def rolling_back(original: Operation) -> Operation:
    operation = "".join(part.capitalize() for part in original.__name__.split("_"))

    @functools.wraps(original)
    def roll_back(provider: Any, context: RequestContext, stack_name: str, **options: Any) -> Any:
        stack = stack_of(context, stack_name)
        if stack is None:
            raise ValidationError(f"Stack [{stack_name}] does not exist")
        if stack.status not in ROLLED_BACK_FROM[operation]:
            raise ValidationError(f"{operation} cannot be called from current stack status")
        raise CommonServiceException(
            "UnsupportedOperation",
            f"{operation} is not emulated. Delete the stack, or update it from status UPDATE_FAILED or CREATE_FAILED.",
        )

    return roll_back


def describing(original: Operation) -> Operation:
    @functools.wraps(original)
    def describe_stack(provider: Any, stack: Stack) -> Any:
        description = original(provider, stack)
        if stack.status != StackStatus.DELETE_COMPLETE:
            description.pop("DeletionTime", None)
        return description

    return describe_stack


def stack_of(context: RequestContext, name: str | None) -> Stack | None:
    """Return the stack by name or ARN. An unknown one is left to LocalStack's answer."""
    try:
        return find_stack_v2(get_cloudformation_store(context.account_id, context.region), name)
    except (KeyError, ValueError):
        return None


def refuse_unless_updatable(stack: Stack) -> None:
    if stack.status not in UPDATABLE:
        raise ValidationError(f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")


def use_previous_template(stack: Stack, request: Any) -> None:
    if request.get("UsePreviousTemplate") and stack.template_body:
        request["TemplateBody"] = stack.template_body
