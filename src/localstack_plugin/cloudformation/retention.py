"""DeletionPolicy and UpdateReplacePolicy."""

from typing import Any

RETAINS = {"Retain", "RetainExceptOnCreate"}
RETAINED = "Retained by its policy"
"""The reason of the event of a resource that is kept."""


def is_retained(template: dict[str, Any] | None, logical_resource_id: str, is_replacement: bool) -> bool:
    """Return whether the resource outlives its removal from the stack, by the template that it was deployed from."""
    policy = "UpdateReplacePolicy" if is_replacement else "DeletionPolicy"
    return _definition(template, logical_resource_id).get(policy) in RETAINS


def is_retained_in_rollback(template: dict[str, Any] | None, logical_resource_id: str, is_replacement: bool) -> bool:
    """Return whether the resource, which the deployment created, outlives its rollback, by the new template.

    A replacement does not: the resource that it should replace is kept.
    """
    policy = _definition(template, logical_resource_id).get("DeletionPolicy")
    return not is_replacement and policy == "Retain"


def _definition(template: dict[str, Any] | None, logical_resource_id: str) -> Any:
    return (template or {}).get("Resources", {}).get(logical_resource_id, {})
