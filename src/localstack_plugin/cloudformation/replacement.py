"""Which changes of a resource replace it, by the values that its properties have when it is its turn."""

from collections.abc import Callable, Mapping
from typing import Any

from localstack.services.cloudformation.engine.v2.change_set_model import is_nothing
from localstack.services.cloudformation.engine.v2.change_set_model_executor import ChangeSetModelExecutor
from localstack.services.cloudformation.engine.v2.change_set_model_preproc import PreprocResource

from localstack_plugin.cloudformation.outcome import differs
from localstack_plugin.replacing import wrap

Change = Callable[..., None]


def install() -> None:
    wrap(
        "localstack.services.cloudformation.engine.v2.change_set_model_executor"
        ":ChangeSetModelExecutor._execute_resource_change",
        wrapper=replacing,
        why="LocalStack decides by the text of the templates whether a resource is replaced. Here the values of its "
        "properties decide, because a property that refers to a replaced resource changes, too.",
    )


def replacing(original: Change) -> Change:
    def execute_resource_change(
        executor: ChangeSetModelExecutor, name: str, before: PreprocResource, after: PreprocResource
    ) -> None:
        if not is_nothing(before) and not is_nothing(after) and before.resource_type == after.resource_type:
            old, new = before.properties.properties, after.properties.properties
            paths = create_only(executor, after.resource_type)
            after.requires_replacement = after.requires_replacement or any(differs(path, old, new) for path in paths)
        original(executor, name=name, before=before, after=after)

    return execute_resource_change


def create_only(executor: ChangeSetModelExecutor, resource_type: str) -> list[str]:
    """Return the paths of the properties that only a new resource can have otherwise, `/properties/Name`."""
    provider = executor.resource_provider_executor.try_load_resource_provider(resource_type)
    schema: Mapping[str, Any] = getattr(provider, "SCHEMA", {})
    paths: list[str] = schema.get("createOnlyProperties", [])
    return paths
