"""Events that no rule can match are not published."""

from collections.abc import Callable
from typing import Any

from localstack.services.events.models import events_stores

from localstack_plugin.replacing import wrap

DEFAULT_BUS = "default"


def install() -> None:
    wrap(
        "localstack.services.stepfunctions.backend.execution:Execution.publish_execution_status_change_event",
        wrapper=only_to_rules,
        why="LocalStack publishes each change of an execution's status to EventBridge. Here it does so only if the "
        "default bus has a rule.",
    )


def only_to_rules(publish: Callable[[Any], None]) -> Callable[[Any], None]:
    def publish_execution_status_change_event(execution: Any) -> None:
        if has_rules(execution.account_id, execution.region_name):
            publish(execution)

    return publish_execution_status_change_event


def has_rules(account_id: str, region_name: str) -> bool:
    bus = events_stores[account_id][region_name].event_buses.get(DEFAULT_BUS)
    return bus is not None and bool(bus.rules)
