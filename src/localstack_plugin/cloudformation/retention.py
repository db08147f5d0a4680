"""DeletionPolicy and UpdateReplacePolicy."""

from typing import Any

RETAINS = {"Retain", "RetainExceptOnCreate"}


def is_retained(template: dict[str, Any] | None, logical_resource_id: str, is_replacement: bool) -> bool:
    """Return whether the resource outlives its removal from the stack, by the template that it was deployed from.

    A stack that is being created has no such template: rolling it back removes everything.
    """
    policy = "UpdateReplacePolicy" if is_replacement else "DeletionPolicy"
    resource = (template or {}).get("Resources", {}).get(logical_resource_id, {})
    return resource.get(policy) in RETAINS
