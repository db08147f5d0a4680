"""How a deployment ends, in CloudFormation's words (docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide,
"View CloudFormation stack data and resources", stack status codes, and "Stack failure options")."""

from collections.abc import Iterable, Mapping
from typing import Any

ROLLBACK, DO_NOTHING, DELETE = "ROLLBACK", "DO_NOTHING", "DELETE"
CREATE, UPDATE = "CREATE", "UPDATE"

# What an update may begin from; in the other states CloudFormation refuses it.
UPDATABLE = {
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "IMPORT_COMPLETE",
    "REVIEW_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
}
DONE = {"CREATE_COMPLETE", "UPDATE_COMPLETE"}


def failure_option(action: str, is_rollback_disabled: bool, request: Mapping[str, Any]) -> str:
    """Return what happens after a failure: ROLLBACK, DO_NOTHING or, for a new stack only, DELETE.

    `request` is the CreateStack or CreateChangeSet that made the stack.
    """
    if is_rollback_disabled:
        return DO_NOTHING
    if action == UPDATE:
        return ROLLBACK
    if request.get("DisableRollback"):
        return DO_NOTHING
    option: str = request.get("OnFailure") or request.get("OnStackFailure") or ROLLBACK
    return option


def reason_of(failed: Mapping[str, Iterable[str]], sequel: str = "") -> str:
    """Return the StackStatusReason. `failed` has the names of resources by verb: create, update or delete."""
    sentences = [
        f"The following resource(s) failed to {verb}: [{', '.join(names)}]. " for verb, names in failed.items() if names
    ]
    return "".join(sentences) + sequel


def deployed_template(
    before: Mapping[str, Any] | None, after: Mapping[str, Any], resources: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the template of what is there after a deployment that failed and was not rolled back.

    The next update compares with it. Thus a resource that was not created is created, and one whose update failed is
    updated, because its properties are those of before, written out. `resources` are the ones that exist, by name.
    """
    old, new = (before or {}).get("Resources", {}), after.get("Resources", {})
    definitions = {
        name: new[name] if name in new and resource.get("ResourceStatus") in DONE else written_out(old[name], resource)
        for name, resource in resources.items()
        if name in new or name in old
    }
    return {**after, "Resources": definitions, "Outputs": {}}


def remaining_template(
    template: Mapping[str, Any] | None, resources: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return the template of what a removal has left. Nothing in it refers to what is gone."""
    old = (template or {}).get("Resources", {})
    definitions = {name: written_out(old[name], resource) for name, resource in resources.items() if name in old}
    return {**(template or {}), "Resources": definitions, "Outputs": {}}


def written_out(definition: Mapping[str, Any], resource: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in definition.items() if key != "DependsOn"}
    return {**kept, "Properties": resource.get("Properties", {})}


def differs(path: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Return whether two resources have another value at a path of the schema, `/properties/Name`."""
    return _value_at(path, before) != _value_at(path, after)


def _value_at(path: str, properties: Any) -> Any:
    for key in path.removeprefix("/properties/").split("/"):
        properties = properties.get(key) if isinstance(properties, Mapping) else None
    return properties
